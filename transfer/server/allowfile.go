// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/signature"
)

// allowCheckEvery is how often an AllowFile checks whether its files have changed.
const allowCheckEvery = 500 * time.Millisecond

// allowSettled is how old a file must be before its modification time shows every change:
// some file systems count in steps of two seconds.
const allowSettled = 3 * time.Second

// allowPatience is how long a caller waits for a check of the files.
const allowPatience = 250 * time.Millisecond

// maxAllow is the length of the longest access list in bytes.
const maxAllow = 64 << 20

// AllowFile is an [AllowList] in a file. It follows changes of the file and of the key files
// that it names: they are checked when the list is used, at most twice a second. If a new
// list has an error, or names a key file that cannot be read, the old list stays in force
// with its keys until the error is fixed. So to revoke access, remove the line from the list,
// not only the key from its file.
//
// All files must be regular files. While one is being read, the old list stays in force, and
// callers wait for at most a quarter of a second.
type AllowFile struct {
	name   string
	locate Locate
	report func(error)
	now    func() time.Time

	mu      sync.Mutex // not held while files are read
	seen    seenList
	checked time.Time
	looking bool
}

// Locate finds the keys for a first field that is not a fingerprint. It returns the file of
// the keys, whose changes are followed, and a function that reads it. A relative path is
// relative to the folder of the list.
type Locate func(who string) (file string, load func(file string) ([]signature.Fingerprint, error), err error)

// KeyFiles returns a [Locate] for lists that name key files by their paths. load reads one.
func KeyFiles(load func(file string) ([]signature.Fingerprint, error)) Locate {
	return func(who string) (string, func(string) ([]signature.Fingerprint, error), error) {
		return filepath.FromSlash(who), load, nil
	}
}

// seenList is the list in force, and the files that it was read from.
type seenList struct {
	list  *AllowList
	err   error      // of the last attempt to read changed files
	files []seenFile // the list, and the key files that it names, as they were last read
	read  time.Time  // when they were read
}

// seenFile describes a file as it was when it was read.
type seenFile struct {
	name string
	info fs.FileInfo // nil if it could not be read
}

// OpenAllow reads the access list in the file of that name. locate finds the keys of first
// fields that are not fingerprints; if it is nil, these are errors. Later errors are reported
// to report, once each, unless it is nil. report must not use the AllowFile.
func OpenAllow(name string, locate Locate, report func(error)) (*AllowFile, error) {
	if report == nil {
		report = func(error) {}
	}
	f := &AllowFile{name: name, locate: locate, report: report, now: time.Now}
	f.checked = f.now()
	if f.seen = f.reload(nil); f.seen.err != nil {
		return nil, f.seen.err
	}
	return f, nil
}

// Known reports whether there is a rule for the client.
func (f *AllowFile) Known(client signature.Fingerprint) bool { return f.current().list.Known(client) }

// Authorize is [AllowList.Authorize] of the list in force.
func (f *AllowFile) Authorize(client signature.Fingerprint, op Operation, name string) (Grant, bool) {
	return f.current().list.Authorize(client, op, name)
}

// Name is [AllowList.Name] of the list in force.
func (f *AllowFile) Name(client signature.Fingerprint) string { return f.current().list.Name(client) }

// Grants is [AllowList.Grants] of the list in force.
func (f *AllowFile) Grants(client signature.Fingerprint) []Grant {
	return f.current().list.Grants(client)
}

// Err returns the error of the file, or nil if the list in force is the one in the file.
func (f *AllowFile) Err() error { return f.current().err }

// current returns the list in force. If a check of the files is due, it starts one.
func (f *AllowFile) current() seenList {
	f.mu.Lock()
	seen, since := f.seen, f.now().Sub(f.checked)
	due := !f.looking && (since < 0 || since >= allowCheckEvery)
	f.looking = f.looking || due
	f.mu.Unlock()
	if !due {
		return seen
	}
	done := make(chan seenList, 1)
	go func() { done <- f.look(seen) }()
	select {
	case seen = <-done:
	case <-time.After(allowPatience):
		f.report(fmt.Errorf("%s, or a key file that it names: reading takes long", f.name))
	}
	return seen
}

// look reads the files if they may have changed.
func (f *AllowFile) look(seen seenList) seenList {
	if before := seen.err; !seen.unchanged() {
		seen = f.reload(seen.list)
		if seen.err != nil && (before == nil || before.Error() != seen.err.Error()) {
			f.report(seen.err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.checked, f.looking = seen, f.now(), false
	return seen
}

// unchanged reports whether the files have certainly not changed since they were read.
func (s *seenList) unchanged() bool {
	return !slices.ContainsFunc(s.files, func(f seenFile) bool { return !f.unchanged(s.read) })
}

// unchanged reports whether the file has certainly not changed since it was read.
func (s seenFile) unchanged(read time.Time) bool {
	info, err := os.Stat(s.name)
	return err == nil && s.info != nil && os.SameFile(info, s.info) && info.Size() == s.info.Size() &&
		info.ModTime().Equal(s.info.ModTime()) && read.Sub(info.ModTime()) > allowSettled
}

var errNotRegular = errors.New("it is not a regular file")

// reload reads the files. If they have an error, the list in force stays.
func (f *AllowFile) reload(inForce *AllowList) seenList {
	next := seenList{list: inForce, files: []seenFile{{name: f.name}}, read: f.now()}
	var load func(string) ([]signature.Fingerprint, error)
	if f.locate != nil {
		load = func(key string) ([]signature.Fingerprint, error) { return f.loadKeys(key, &next) }
	}
	text, info, err := readRegular(f.name)
	if err != nil {
		next.err = err
		return next
	}
	next.files[0].info = info
	list, err := ParseAllow(bytes.NewReader(text), load)
	if err != nil {
		next.err = fmt.Errorf("%s: %w", f.name, err)
		return next
	}
	next.list = list
	return next
}

// readRegular reads a regular file and its metadata. Opening it does not wait for the writer
// of a pipe.
func readRegular(name string) ([]byte, fs.FileInfo, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxAllow+1))
	if err == nil && len(text) > maxAllow {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("expected at most %d bytes", maxAllow)}
	}
	return text, info, err
}

// loadKeys reads a key file, and remembers its metadata from before that, so that a change
// meanwhile is noticed.
func (f *AllowFile) loadKeys(who string, next *seenList) ([]signature.Fingerprint, error) {
	name, load, err := f.locate(who)
	if err != nil {
		next.files = append(next.files, seenFile{name: who}) // it may be fixed
		return nil, err
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(f.name), name)
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	var keys []signature.Fingerprint
	if err == nil || errors.Is(err, fs.ErrNotExist) { // load may know keys that are not in files
		keys, err = load(name)
	}
	if err != nil {
		info = nil // a fix may not show in the metadata, such as a change of the mode
	}
	next.files = append(next.files, seenFile{name, info})
	return keys, err
}
