// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxBase is how many bytes of the name of the target are used in the name of another file.
// That name is then well below the 255 bytes of most file systems and the 143 of encrypting
// ones.
const maxBase = 96

const (
	tempSuffix = ".pqenc-tmp"
	textLen    = 26 // of what rand.Text returns
)

func tempName(base string) string { return "." + shorten(base) + "." + rand.Text() + tempSuffix }

// isTemp reports whether a name has the form of tempName. It uses no regular expression,
// which would be compiled in every process.
func isTemp(name string) bool {
	rest, ok := strings.CutSuffix(name, tempSuffix)
	dot := len(rest) - 1 - textLen
	return ok && dot > 0 && rest[0] == '.' && rest[dot] == '.' && strings.Trim(rest[dot+1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// Unfinished reports whether a name is that of a file which belongs to an output that is
// not finished, or to a header that is being replaced.
func Unfinished(base string) bool {
	if isTemp(base) {
		return true
	}
	for _, suffix := range []string{PartSuffix, JournalSuffix, RedoSuffix} {
		if strings.HasPrefix(base, ".") && strings.HasSuffix(base, suffix) {
			return true
		}
	}
	return false
}

// keptName returns a name for a finished file that could not replace its target.
func keptName(base string) string { return shorten(base) + "." + rand.Text() + ".pqenc-kept" }

// shorten cuts base to maxBase bytes, not inside a character: some file systems
// take valid UTF-8 only.
func shorten(base string) string {
	if len(base) <= maxBase {
		return base
	}
	end := maxBase
	for end > 0 && !utf8.RuneStart(base[end]) {
		end--
	}
	return base[:end]
}

// openNamed creates a file next to base that no other process writes to or removes.
func openNamed(dir folder, base string, perm fs.FileMode) (*os.File, string, error) {
	for range 100 {
		name := tempName(base)
		file, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, "", &fs.PathError{Op: "create a file in", Path: dir.Name(), Err: cause(err)}
		}
		// Between these two calls a sweep may remove it. If the file system has no locks,
		// there are no sweeps.
		if err := Lock(file); !errors.Is(err, ErrInUse) && stands(dir, name, file) {
			return file, name, nil
		}
		dir.Remove(name)
		file.Close()
	}
	return nil, "", &fs.PathError{Op: "create a file in", Path: dir.Name(), Err: errRestless}
}

// swept has the names of the folders in which this process has removed leftovers: listing a
// large folder for each of many files would take long.
var swept sync.Map

// sweep removes the temporary files in a folder whose writers, processes of this
// user, were killed. It ignores errors.
func sweep(dir folder) {
	if _, done := swept.LoadOrStore(dir.Name(), true); done {
		return
	}
	list, err := dir.Open(".")
	if err != nil {
		return
	}
	defer list.Close()
	for {
		names, err := list.Readdirnames(1000)
		for _, name := range names {
			if isTemp(name) {
				sweepFile(dir, name)
			}
		}
		if err != nil {
			return
		}
	}
}

// sweepFile opens the file for writing, because NFS locks only such files. A file that has
// the permission bits of its target may be read-only.
func sweepFile(dir folder, name string) {
	file, info, err := openRegular(dir, name, os.O_RDWR)
	if errors.Is(err, fs.ErrPermission) {
		file, info, err = openRegular(dir, name, os.O_RDONLY)
	}
	if err != nil {
		return
	}
	if own(info) && Lock(file) == nil && stands(dir, name, file) {
		dir.Remove(name)
	}
	go file.Close() // which frees it
}
