// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pqenc/pqenc/signature"
)

// allowCheckEvery is how often an AllowFile looks whether its file has changed.
const allowCheckEvery = time.Second

// allowSettled is how old a file must be for its time to tell whether it changes
// once more: some file systems count in steps of two seconds.
const allowSettled = 3 * time.Second

// AllowFile is an [AllowList] in a file. When the file changes, the list does: it is
// looked at when it is used, at most once a second. A list with an error is not
// taken: the one before stays in force until the error is mended. The key files that
// a list names are read with it, and not looked at again until it changes.
type AllowFile struct {
	name   string
	load   func(name string) ([]signature.Fingerprint, error)
	report func(error)
	now    func() time.Time

	mu      sync.Mutex
	list    *AllowList
	info    fs.FileInfo // of the file that was last read; nil if there was none
	read    time.Time   // when it was read
	checked time.Time
	err     error
}

// OpenAllow reads the access list in the file of the given name. The files of keys in
// it are relative to its folder; load reads them, see [ParseAllow]. Errors of later
// changes go to report, once for each, unless it is nil; it must not use the
// AllowFile.
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
			return load(key)
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

// unchanged says whether the file is certainly the one that was read.
func (f *AllowFile) unchanged() bool {
	info, err := os.Stat(f.name)
	return err == nil && f.info != nil && os.SameFile(info, f.info) && info.Size() == f.info.Size() &&
		info.ModTime().Equal(f.info.ModTime()) && f.read.Sub(info.ModTime()) > allowSettled
}

// reload reads the file. What is in force changes only if it is good.
func (f *AllowFile) reload() {
	f.read, f.checked = f.now(), f.now()
	f.info, f.err = nil, nil
	file, err := os.Open(f.name)
	if err != nil {
		f.err = err
		return
	}
	defer file.Close()
	if f.info, err = file.Stat(); err != nil {
		f.err = err
		return
	}
	list, err := ParseAllow(file, f.load)
	if err != nil {
		f.err = fmt.Errorf("%s: %w", f.name, err)
		return
	}
	f.list = list
}
