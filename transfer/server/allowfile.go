// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/signature"
)

// allowCheckEvery is how often an AllowFile looks whether its files have changed.
const allowCheckEvery = time.Second / 2

// allowSettled is how old a file must be for its time to tell whether it changes
// once more: some file systems count in steps of two seconds.
const allowSettled = 3 * time.Second

// AllowFile is an [AllowList] in a file. When the file changes, or a key file that it
// names, the list does: they are looked at when it is used, at most twice a second. A
// list with an error is not taken, nor one that names a key file which cannot be
// read: the one before stays in force, with the keys that it had, until the error is
// mended. So who is to lose access is removed from the list, not from the key files
// alone.
type AllowFile struct {
	name   string
	load   func(name string) ([]signature.Fingerprint, error)
	report func(error)
	now    func() time.Time

	mu      sync.Mutex
	list    *AllowList
	files   []seenFile // the list, and the key files that it names, as they were last read
	read    time.Time  // when they were read
	checked time.Time
	err     error
}

// seenFile is a file as it was when it was read.
type seenFile struct {
	name string
	info fs.FileInfo // nil if it could not be read
}

// OpenAllow reads the access list in the file of the given name. The files of keys in
// it are relative to its folder; load reads them, see [ParseAllow], and is called
// again once a second for what is no file. Errors of later changes go to report, once
// for each, unless it is nil; it must not use the AllowFile.
func OpenAllow(name string, load func(name string) ([]signature.Fingerprint, error), report func(error)) (*AllowFile, error) {
	if report == nil {
		report = func(error) {}
	}
	f := &AllowFile{name: name, load: load, report: report, now: time.Now}
	if load != nil {
		f.load = func(key string) ([]signature.Fingerprint, error) {
			if !filepath.IsAbs(key) {
				key = filepath.Join(filepath.Dir(name), filepath.FromSlash(key))
			}
			return f.loadKeys(key, load)
		}
	}
	if f.reload(); f.err != nil {
		return nil, f.err
	}
	return f, nil
}

// Known reports whether there is a rule for the client.
func (f *AllowFile) Known(client signature.Fingerprint) bool { return f.current().Known(client) }

// Authorize is [AllowList.Authorize] of the list in force.
func (f *AllowFile) Authorize(client signature.Fingerprint, op Operation, name string) (Grant, bool) {
	return f.current().Authorize(client, op, name)
}

// Err returns what is wrong with the file, or nil: then the list in force is the one
// in the file.
func (f *AllowFile) Err() error {
	f.current()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// current returns the list in force.
func (f *AllowFile) current() *AllowList {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := f.now().Sub(f.checked); since >= 0 && since < allowCheckEvery {
		return f.list
	}
	if !f.unchanged() {
		before := f.err
		f.reload()
		if f.err != nil && (before == nil || before.Error() != f.err.Error()) {
			f.report(f.err)
		}
	}
	f.checked = f.now()
	return f.list
}

// unchanged reports whether the files are certainly those that were read.
func (f *AllowFile) unchanged() bool {
	return !slices.ContainsFunc(f.files, func(s seenFile) bool { return !s.unchanged(f.read) })
}

// unchanged reports whether it is certainly the file that was read at that time.
func (s seenFile) unchanged(read time.Time) bool {
	info, err := os.Stat(s.name)
	return err == nil && s.info != nil && os.SameFile(info, s.info) && info.Size() == s.info.Size() &&
		info.ModTime().Equal(s.info.ModTime()) && read.Sub(info.ModTime()) > allowSettled
}

// loadKeys reads a key file, and remembers what it was like before: a change
// meanwhile will show.
func (f *AllowFile) loadKeys(name string, load func(name string) ([]signature.Fingerprint, error)) ([]signature.Fingerprint, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotRegular} // not opened: a pipe would block
	}
	keys, err := load(name)
	if err != nil {
		info = nil // it may be mended by a change that does not show, such as that of its mode
	}
	f.files = append(f.files, seenFile{name, info})
	return keys, err
}

// reload reads the files. What is in force changes only if it is good.
func (f *AllowFile) reload() {
	f.read, f.checked = f.now(), f.now()
	f.files, f.err = []seenFile{{name: f.name}}, nil
	file, info, err := openRegular(f.name)
	if err != nil {
		f.err = err
		return
	}
	defer file.Close()
	f.files[0].info = info
	list, err := ParseAllow(file, f.load)
	if err != nil {
		f.err = fmt.Errorf("%s: %w", f.name, err)
		return
	}
	f.list = list
}

var errNotRegular = errors.New("it is not a regular file")

// openRegular opens a regular file. To open a pipe, or something else that has come
// in its place, would block everybody who needs the list.
func openRegular(name string) (*os.File, fs.FileInfo, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}
