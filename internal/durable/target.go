// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// resolve returns the path of the file to replace and its description, which is nil if there
// is none.
func resolve(name string) (string, fs.FileInfo, error) {
	if _, _, err := split(name); err != nil {
		return "", nil, err
	}
	entry, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil, nil // or the folder does not exist, which openFolder will report
	}
	if err != nil {
		return "", nil, err
	}
	// Stat is used for the target of a link, not EvalSymlinks: /proc has links to pipes,
	// which have no path.
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, &fs.PathError{Op: "create", Path: name, Err: errDangling}
	case err != nil:
		return "", nil, err
	case info.IsDir():
		return "", nil, &fs.PathError{Op: "create", Path: name, Err: errDirectory}
	case entry.Mode()&fs.ModeSymlink == 0 || !info.Mode().IsRegular():
		return name, info, nil
	}
	target, err := filepath.EvalSymlinks(name)
	return target, info, err
}

// Atomic reports whether the [File.Atomic] of a file of that name would be true.
func Atomic(name string) bool {
	if _, ok := descriptor(name); ok {
		return false
	}
	info, err := os.Stat(name)
	return err != nil || info.Mode().IsRegular()
}

// target is a place in a folder for the content of a new file.
type target struct {
	name    string // as the caller gave it, for messages
	dir     folder
	base    string      // in the folder
	old     fs.FileInfo // the regular file to be replaced, or nil
	perm    fs.FileMode // of the new file, unless it takes that of old
	options Options
	named   bool  // temporary files need names there
	failed  int64 // FailedSyncs, before entries were made there
}

// openTarget opens the folder of a target, after it was resolved, and tests whether a
// file there can be replaced.
func openTarget(name, path string, old fs.FileInfo, o Options) (*target, error) {
	dir, base, err := openParent(path)
	if err != nil {
		return nil, err
	}
	return newTarget(name, dir, base, old, o)
}

// newTarget is openTarget for a folder that is open, and is closed if that fails.
func newTarget(name string, dir folder, base string, old fs.FileInfo, o Options) (*target, error) {
	t := &target{name: name, dir: dir, base: base, old: old, options: o, failed: FailedSyncs()}
	sweep(dir)
	err := obstacle(dir, base, old)
	if err != nil {
		err = &ReplaceError{Name: name, Err: err}
	} else {
		err = t.probe()
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return t, nil
}

// probe makes a file in the folder, renames it and removes it. Only that shows that it can be
// done, and which permission bits a new file gets. The umask cannot
// be read without changing it, and there are default access control lists.
func (t *target) probe() error {
	file, name, err := t.openTemp(0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return t.explain("create", err)
	}
	t.perm = info.Mode().Perm()
	if name == "" {
		if name = tempName(t.base); link(file, t.dir, name) != nil {
			t.named = true
			return t.probe()
		}
	}
	other := tempName(t.base)
	if err := t.dir.Rename(name, other); err != nil {
		t.dir.Remove(name)
		return &ReplaceError{Name: t.name, Err: fmt.Errorf("its folder does not let files be renamed: %w", cause(err))}
	}
	return t.explain("create", t.dir.Remove(other))
}

// openTemp creates a temporary file. If it has no name, name is empty.
func (t *target) openTemp(perm fs.FileMode) (file *os.File, name string, err error) {
	if !t.named {
		file, err = openNameless(t.dir, perm)
		if err == nil {
			Lock(file) // against sweeps, when it gets a name
			return file, "", nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, "", &fs.PathError{Op: "create a file in", Path: t.dir.Name(), Err: cause(err)}
		}
		t.named = true
	}
	return openNamed(t.dir, t.base, perm)
}

// finalize gives file the permission bits of the target, and the owner and group of the file
// that it replaces.
func (t *target) finalize(file *os.File) error {
	perm := t.perm
	switch {
	case t.options.Like != nil:
		perm = t.options.Like.Mode().Perm()
	case t.old != nil:
		perm = t.old.Mode().Perm()
	}
	if t.options.Private {
		perm = 0o600
	}
	return giveAccess(file, t.old, perm)
}

// giveTimes gives file the times of the target. The name is that of file in the folder, or
// empty.
func (t *target) giveTimes(file *os.File, name string) error {
	if t.options.Like == nil {
		return nil
	}
	return setTimes(file, t.dir, name, accessed(t.options.Like), t.options.Like.ModTime())
}

// replace renames a file of the folder to the target. Unless held is true, it holds the old
// target open, see hold.
func (t *target) replace(name string, held bool) error {
	if !held {
		release := hold(t.dir, t.base)
		defer release()
	}
	t.failed = FailedSyncs()
	return t.dir.Rename(name, t.base)
}

// keep gives a finished file that could not replace the target a name for its owner to find.
// It returns the error to report.
func (t *target) keep(file *os.File, name string, reason error) error {
	file.Chmod(0o600)
	if kept := keptName(t.base); t.dir.Rename(name, kept) == nil {
		name = kept
	} else if !stands(t.dir, name, file) {
		return t.explain("replace", reason) // it was removed
	}
	return &ReplaceError{Name: t.name, Kept: filepath.Join(t.dir.Name(), name), Err: cause(reason)}
}

// explain adds to an error the name of the file as the caller gave it.
func (t *target) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: t.name, Err: cause(err)}
}

// errSync wraps the error of a sync.
func errSync(err error) error { return fmt.Errorf("%w: %w", ErrSync, cause(err)) }

// sync makes the entries of the folder durable.
func (t *target) sync() error { return t.syncBy(t.syncDir) }

func (t *target) syncDir() error { return syncFolder(t.dir) }

// syncBy is sync with another function to sync.
func (t *target) syncBy(sync func() error) error {
	if err := sync(); err != nil {
		return err
	}
	if t.failed != FailedSyncs() {
		return errEarlier
	}
	return nil
}

// settle makes the entries of the folder durable after a rename.
func (t *target) settle() error { return t.settleBy(t.syncDir) }

func (t *target) settleBy(sync func() error) error {
	if err := t.syncBy(sync); err != nil {
		return t.explain("sync the folder of", fmt.Errorf("%w: %w", ErrNotDurable, cause(err)))
	}
	return nil
}
