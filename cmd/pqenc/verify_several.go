// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"slices"
	"strings"
	"sync"
)

// several verifies several files. It leaves out those that are not encrypted.
func (c *verifyCmd) several(a *app) error {
	switch {
	case c.Signature != "" || c.WriteDigests != "" || c.URL.RangeOnly:
		return usageError("--signature, --write-digests and --range-only are for one file", "leave them out, or name one file")
	case slices.ContainsFunc(c.Files, isStdio), slices.ContainsFunc(c.Files, isURL):
		return usageError("only files and folders are verified together", "name standard input or a URL alone")
	}
	keys, err := a.keychain(&c.Keys, c.Has, &c.Secret, &c.Trust, &c.Context)
	if err != nil {
		return err
	}
	m := &manyFiles{slots: true, several: several{app: a, verb: "verified", skipped: "not encrypted"}}
	if err := m.find(&walker{selectFlags: &c.Select, hidden: true}, c.Files); err != nil {
		return err
	}
	if c.Select.DryRun {
		return m.show()
	}
	v := &verdicts{by: signers{app: a, all: make(map[signer]int)}}
	workers := filesAtOnce
	if c.Has.Passphrase {
		workers = 1 // each takes much memory
	}
	m.run(workers, func(f found, p *fileProgress) (fileOutcome, error) { return v.one(m, keys, f, p) })
	if m.total == m.count[isSkipped] {
		return usageError("the arguments contain no encrypted file")
	}
	if c.JSON {
		slices.SortFunc(v.all, func(x, y *verdict) int { return strings.Compare(x.File, y.File) })
		if err := printJSON(a.stdout, append([]*verdict{}, v.all...)); err != nil {
			return err
		}
	}
	v.by.say()
	return m.end()
}

// verdicts are the verdicts on several files.
type verdicts struct {
	by signers

	mu  sync.Mutex
	all []*verdict
}

// one verifies one of several files.
func (v *verdicts) one(m *manyFiles, keys *keychain, f found, p *fileProgress) (fileOutcome, error) {
	o, err := keys.opener(m, f, p)
	if o == nil || err != nil {
		return isSkipped, err
	}
	defer o.src.Close()
	n, s, err := o.readAll()
	if err != nil {
		return isFailed, in(f.title(), o.src.doubt(err))
	}
	v.by.add(s)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, &verdict{File: f.title(), ContentSize: n, Signature: reportOf(s)})
	return isDone, nil
}
