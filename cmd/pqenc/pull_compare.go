// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io/fs"
	"os"

	"github.com/pqenc/pqenc/transfer"
)

// compare compares the objects with the local files. It returns the objects to pull and,
// with --delete, the files that have no object.
func (p *puller) compare(list []receiving, outcomes *several) (todo []receiving, extra []string, err error) {
	stands := make(map[string]bool)
	for _, r := range list {
		stands[r.output] = true
		if r.into != nil && !p.cmd.Globs.selects(r.output) {
			continue
		}
		switch result, left, err := p.left(r); {
		case err != nil:
			return nil, nil, err
		case left:
			outcomes.leave(r.String(), r.size, result)
		default:
			todo = append(todo, r)
		}
	}
	if len(todo)+outcomes.total == 0 {
		return nil, nil, usageError("no object is selected", "nothing was pulled")
	}
	if p.cmd.Sync.Delete && p.into != nil {
		extra, err = p.extra(stands)
	}
	return todo, extra, err
}

// left reports whether an object is skipped, and why: its file exists, and with --update
// is not older.
func (p *puller) left(r receiving) (result fileOutcome, left bool, err error) {
	if !p.cmd.Keep.NoClobber && !p.cmd.Sync.Update {
		return 0, false, nil
	}
	var info fs.FileInfo
	if r.into != nil {
		info, err = r.into.root.Lstat(r.output)
	} else {
		info, err = os.Stat(r.output)
	}
	if err != nil || !info.Mode().IsRegular() { // creating the file will return the error
		return 0, false, nil
	}
	if p.cmd.Keep.NoClobber {
		return isThere, true, nil
	}
	if r.size < 0 {
		server, err := p.servers.at(r.location)
		if err != nil {
			return 0, false, err
		}
		stored, err := server.stat(r.name)
		if err != nil {
			return 0, false, in(r.String(), err)
		}
		r.time = stored.Time
	}
	return isUnchanged, !r.time.After(info.ModTime()), nil
}

// stat returns the listing of one object.
func (r *remote) stat(name string) (o transfer.Object, err error) {
	for o, err := range r.objects(name) {
		if err != nil || o.Name == name { // it sorts first
			return o, err
		}
		break
	}
	return o, transfer.ErrNotFound
}

// extra returns the selected files in the folder that have no object.
func (p *puller) extra(stands map[string]bool) (extra []string, err error) {
	all, keys, err := p.into.extra(stands)
	if err != nil {
		return nil, err
	}
	for _, name := range keys {
		p.app.warn("%s is kept: it may be a private key", p.into.title(name))
	}
	for _, name := range all {
		if p.cmd.Globs.selects(name) {
			extra = append(extra, name)
		}
	}
	return extra, p.cmd.Sync.admit(len(extra))
}

// remove deletes a file that has no object, after everything else was pulled and synced.
func (p *puller) remove(name string) error {
	if err := p.batch.Sync(); err != nil {
		return err
	}
	return p.into.remove(name)
}

// show prints what would be pulled and deleted.
func (p *puller) show(todo []receiving, extra []string, outcomes *several) error {
	outcomes.verb = "to be pulled"
	outcomes.total += len(todo)
	into := &outFolder{name: p.cmd.Output}
	for _, r := range todo {
		output := r.output
		if r.into != nil || isFolder(p.cmd.Output) {
			output = into.title(r.output)
		}
		outcomes.add(r.String(), r.size, isDone, p.app.printPair(r.String(), output))
	}
	if err := outcomes.showDeleted(extra, into.title); err != nil {
		return err
	}
	return outcomes.end()
}
