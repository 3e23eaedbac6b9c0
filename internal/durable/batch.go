// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
)

// ErrChanged reports that the file to be replaced was replaced by another one.
var ErrChanged = errors.New("was replaced by another process meanwhile")

// Batch makes any number of outputs, and tests and syncs each folder once. The zero value
// is ready to use, and safe for concurrent use.
type Batch struct {
	mu     sync.Mutex
	tested map[string]tested // folders that let files be renamed
	renew  map[string]folder // with entries that no sync has made durable
	failed int64             // FailedSyncs before the first of them
}

// tested is the result of the test of a folder.
type tested struct {
	named bool        // target.named
	perm  fs.FileMode // of new files
}

// maxRenew is the largest number of folders that wait for their sync, each of them open.
const maxRenew = 16

// Create begins an output as [Create] does, of a new file or one that replaces a regular
// file. What Commit has put in place becomes durable by [Batch.Sync]. Until then a power cut
// may bring the old state back. The error wraps [ErrNotRegular] if the name is not that of
// a regular file.
func (b *Batch) Create(name string, o Options) (*File, error) {
	real, old, err := resolve(name)
	if err == nil && old != nil && o.New {
		err = &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if err == nil && old != nil && !old.Mode().IsRegular() {
		err = &fs.PathError{Op: "create", Path: name, Err: ErrNotRegular}
	}
	if err != nil {
		return nil, err
	}
	dir, base, err := openParent(real)
	if err != nil {
		return nil, err
	}
	return b.create(&target{name: name, dir: dir, base: base, old: old, options: o})
}

// create begins the output for a target whose folder is open.
func (b *Batch) create(t *target) (*File, error) {
	if err := b.test(t); err != nil {
		return nil, err
	}
	f, err := t.create()
	if err == nil {
		f.batch = b
	}
	return f, err
}

// CreateOver begins an output that replaces a file that the caller has open. It is like
// [Create], with two differences:
//
//   - No other file is replaced. The error of Commit wraps [ErrChanged] if another file
//     has the name.
//   - What Commit has put in place becomes durable by [Batch.Sync]. Until then a power cut
//     may bring the old file back, whole.
//
// The file is locked until the caller closes it, so that two of these outputs, or one and
// [OverwriteHead], do not undo each other. The error wraps [ErrInUse] if it is locked, and
// [fs.ErrPermission] if it is read-only, also for root.
//
// The name is that by which the file was opened or, if the folder is not nil, its path in
// the folder, with slashes. Links that lead out of the folder are not followed.
func (b *Batch) CreateOver(file *os.File, folder *os.Root, name string) (*File, error) {
	t, err := openOver(folder, name)
	if err != nil {
		return nil, err
	}
	if err := t.claim(file); err != nil {
		t.dir.Close()
		return nil, t.explain("replace", err)
	}
	f, err := b.create(t)
	if err == nil {
		f.over = file
	}
	return f, err
}

// openOver opens the folder of a file, and returns it as a target.
func openOver(folder *os.Root, name string) (*target, error) {
	if folder == nil {
		real, _, err := resolve(name)
		if err != nil {
			return nil, err
		}
		dir, base, err := openParent(real)
		return &target{name: name, dir: dir, base: base}, err
	}
	full := filepath.Join(folder.Name(), filepath.FromSlash(name))
	dir, err := folder.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, &fs.PathError{Op: "replace", Path: full, Err: cause(err)}
	}
	return &target{name: full, dir: dir, base: path.Base(name)}, nil
}

// claim locks the file to be replaced.
func (t *target) claim(file *os.File) (err error) {
	if t.old, err = file.Stat(); err != nil {
		return err
	}
	// Where there are no locks, only ErrChanged protects the file.
	if err := Lock(file); errors.Is(err, ErrInUse) {
		return err
	}
	switch {
	case !stands(t.dir, t.base, file):
		return ErrChanged
	case t.old.Mode().Perm()&0o222 == 0:
		return fs.ErrPermission
	}
	return nil
}

// test checks that the file can be replaced. It tests each folder only once.
func (b *Batch) test(t *target) error {
	b.mu.Lock()
	folder, done := b.tested[pathOf(t.dir)]
	b.mu.Unlock()
	if done {
		t.named, t.perm = folder.named, folder.perm
		if err := obstacle(t.dir, t.base, t.old); err != nil {
			t.dir.Close()
			return &ReplaceError{Name: t.name, Err: err}
		}
		return nil
	}
	new, err := newTarget(t.name, t.dir, t.base, t.old, t.options)
	if err != nil {
		return err
	}
	*t = *new
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tested == nil {
		b.tested = make(map[string]tested)
	}
	b.tested[pathOf(t.dir)] = tested{t.named, t.perm}
	return nil
}

// pathOf returns the canonical path of a folder.
func pathOf(dir folder) string { return filepath.Clean(dir.Name()) }

// add registers a folder for Sync, for the renames in it. Sync closes it.
func (b *Batch) add(dir folder, failed int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.renew) == 0 {
		b.renew, b.failed = make(map[string]folder), failed
	}
	if _, waits := b.renew[pathOf(dir)]; waits {
		return dir.Close()
	}
	b.renew[pathOf(dir)] = dir
	if len(b.renew) > maxRenew {
		return b.sync()
	}
	return nil
}

// Sync makes durable what was committed so far. The error wraps [ErrNotDurable].
func (b *Batch) Sync() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sync()
}

func (b *Batch) sync() (first error) {
	for name, dir := range b.renew {
		err := syncFolder(dir)
		if err == nil && b.failed != FailedSyncs() {
			err = errEarlier
		}
		if err != nil && first == nil {
			first = &fs.PathError{Op: "sync the folder", Path: name, Err: fmt.Errorf("%w: %w", ErrNotDurable, cause(err))}
		}
		dir.Close()
	}
	b.renew = nil
	return first
}
