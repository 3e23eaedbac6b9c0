// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// checkSync returns an error for invalid flags about comparing.
func (c *pushCmd) checkSync(to location) error {
	switch {
	case c.Overwrite && (c.Keep.NoClobber || c.Sync.Update):
		return usageError("--overwrite does not go with --update or --skip-existing", "choose one of them")
	case !c.Sync.Delete:
	case !to.isFolder() || c.Select.lists() || len(c.sources(to)) == 0:
		return usageError("--delete needs a folder to compare a folder with", "push FOLDER/ to a URL that ends in /, and leave --files-from out")
	case !c.Overwrite && !c.Keep.NoClobber && !c.Sync.Update:
		return usageError("--delete is for folders that were pushed before: objects that exist already would be errors", "add --update, --skip-existing or --overwrite")
	}
	return c.Sync.check(c.Keep)
}

// compares reports whether the flags need a listing of the server.
func (c *pushCmd) compares() bool { return c.Keep.NoClobber || c.Sync.Update || c.Sync.Delete }

// pushedFolder is a folder that is pushed.
type pushedFolder struct {
	file   string // its argument
	prefix string // prefix of its objects
}

// sources returns the folders that are pushed.
func (c *pushCmd) sources(to location) (all []pushedFolder) {
	for _, file := range c.Files {
		if isDir(file) {
			path := folderPath(file)
			if strings.HasPrefix(path, ".") {
				path = ""
			}
			all = append(all, pushedFolder{file, to.name + path})
		}
	}
	return all
}

// compare compares the files with a listing of the server. It returns the files to push
// and, with --delete, the objects that have no file any more.
func (p *pusher) compare(to location, list []sending, outcomes *several) (todo []sending, gone []string, err error) {
	there, err := p.there(to)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range list {
		stored, found := there[s.name]
		switch {
		case found && p.cmd.Keep.NoClobber:
			outcomes.leave(s.title(), s.size, isThere)
			continue
		case found && p.cmd.Sync.Update:
			if info, err := s.stat(); err == nil && !info.ModTime().After(stored) {
				outcomes.leave(s.title(), s.size, isUnchanged)
				continue
			}
			s.replace = true
		}
		todo = append(todo, s)
	}
	switch {
	case !p.cmd.Sync.Delete:
	case outcomes.count[isFailed] > 0:
		outcomes.sayKept()
	default:
		gone, err = p.gone(to, list, there)
	}
	return todo, gone, err
}

// there returns the objects at the destination, and when each was stored.
func (p *pusher) there(to location) (map[string]time.Time, error) {
	found, err := p.server.list(to.name, func(name string) bool { return to.isFolder() || name == to.name })
	there := make(map[string]time.Time, len(found))
	for _, o := range found {
		there[o.Name] = o.Time
	}
	return there, err
}

// gone returns the objects that pushes of the folders could have made from files that no
// longer exist. If something else is in the place of such a file, or if it is not
// selected, the object is kept.
func (p *pusher) gone(to location, list []sending, there map[string]time.Time) (names []string, err error) {
	wanted := make(map[string]bool)
	for _, s := range list {
		wanted[s.name] = true
	}
	p.sources = nil
	for _, source := range p.cmd.sources(to) {
		if err := source.notEmpty(list); err != nil {
			return nil, err
		}
		folder, err := openInFolder(source.file)
		if err != nil {
			return nil, err
		}
		p.sources = append(p.sources, openedFolder{source, folder})
	}
	for name := range there {
		if !wanted[name] && p.isGone(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, p.cmd.Sync.admit(len(names))
}

// notEmpty requires a file in the folder: an empty folder may be an unmounted disk.
func (s pushedFolder) notEmpty(list []sending) error {
	for _, sending := range list {
		if sending.folder != nil && within(filepath.Clean(sending.folder.name), filepath.Clean(s.file)) {
			return nil
		}
	}
	return usageError("there is no file in "+s.file+": --delete would delete all that was pushed from it", "nothing was done")
}

// openedFolder is an open pushed folder, for looking up files.
type openedFolder struct {
	pushedFolder
	folder *inFolder
}

// isGone reports whether the named object belongs to one of the folders, and nothing has
// the name of its file.
func (p *pusher) isGone(name string) bool {
	belongs := false
	for _, s := range p.sources {
		file, below := strings.CutPrefix(name, s.prefix)
		file, encrypted := strings.CutSuffix(file, ".pqe")
		if !below || !encrypted {
			continue
		}
		for _, file := range []string{file, file + ".pqe"} {
			_, err := s.folder.root.Lstat(file)
			if !errors.Is(err, fs.ErrNotExist) || !p.cmd.Select.selects(file) {
				return false
			}
		}
		belongs = true
	}
	return belongs
}

// remove deletes an object if its file still does not exist.
func (p *pusher) remove(name string) error {
	if !p.isGone(name) {
		return errors.New("the file exists again: its object is kept")
	}
	return p.server.remove(name)
}
