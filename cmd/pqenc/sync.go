// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"

	"github.com/pqenc/pqenc/internal/terminal"
)

// syncFlags update a folder, here or on a server, from another one.
type syncFlags struct {
	Update    bool    `help:"Replace only files that are older than their source."`
	Delete    bool    `help:"At the end, delete ${gone}. Nothing is deleted after an error, or if the source is empty."`
	MaxDelete maximum `default:"100" placeholder:"N" help:"With --delete, do nothing at all if more than N files would be deleted (default: 100)."`
}

// check returns an error for flags that do not go together.
func (f *syncFlags) check(keep keepFlag) error {
	if f.Update && keep.NoClobber {
		return usageError("--update replaces older files, and --skip-existing replaces nothing", "choose one of them")
	}
	return nil
}

// admit returns an error if too much would be deleted.
func (f *syncFlags) admit(n int) error {
	if n <= int(f.MaxDelete) {
		return nil
	}
	return usageError(fmt.Sprintf("--delete would delete %d files, and --max-delete allows %d: nothing was done", n, f.MaxDelete),
		"list them with --dry-run and a larger --max-delete, and if that is right, repeat it without --dry-run")
}

// leave counts a file that needs no transfer.
func (s *several) leave(title string, size int64, result fileOutcome) {
	s.total++
	s.add(title, size, result, nil)
}

// sayKept warns that --delete does nothing after errors.
func (s *several) sayKept() { s.app.warn("nothing is deleted, because of the errors above") }

// thenDelete deletes the named files after all transfers have succeeded.
func (a *atOnce) thenDelete(names []string, title func(name string) string, remove func(name string) error) {
	if len(names) == 0 {
		return
	}
	a.then = func() {
		a.expect(len(names))
		a.sizes = make([]int64, len(names))
		a.begin = func(i int) job {
			return func() done {
				t := title(names[i])
				return done{title: t, result: isDeleted, err: in(t, remove(names[i]))}
			}
		}
		a.all()
	}
}

// showDeleted prints what would be deleted.
func (s *several) showDeleted(names []string, title func(name string) string) error {
	for _, name := range names {
		if _, err := fmt.Fprintln(s.app.stdout, "delete "+terminal.Printable(title(name))); err != nil {
			return err
		}
		s.leave(title(name), -1, isDeleted)
	}
	return nil
}
