// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// Replace writes a file, or replaces the one of that name, as [Create] and [File.Commit] do.
func Replace(name string, content []byte, o Options) error {
	f, err := Create(context.Background(), name, o)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Commit()
}

// WriteNew creates a file of that name with that content, atomically and durably, with the
// permission bits perm without those of the umask. It never replaces anything: if the name
// is taken, even by a dangling link, the error wraps fs.ErrExist. On any error except
// [ErrNotDurable] there is no new file of that name.
//
// It is made for private keys: the file has the bits perm before the first byte is written.
// If the file system has no hard links, a process that is killed can leave an empty file of
// that name.
func WriteNew(name string, content []byte, perm fs.FileMode) error {
	directory, base, err := split(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	dir, err := openFolder(directory)
	if err != nil {
		return err
	}
	defer dir.Close()
	sweep(dir)
	t := &target{name: name, dir: dir, base: base, failed: FailedSyncs()}
	if err := t.writeNew(content, perm); err != nil {
		return err
	}
	return t.settle()
}

// writeNew creates a new file under a free name. If old is not nil, the file gets its owner
// and group, and exactly the bits perm.
func (t *target) writeNew(content []byte, perm fs.FileMode) error {
	file, temp, err := t.openTemp(perm)
	if err != nil {
		return err
	}
	defer file.Close()
	if t.old != nil {
		err = giveAccess(file, t.old, perm)
	}
	if err != nil {
		err = t.explain("set the permissions of", err)
	} else if _, err = file.Write(content); err != nil {
		err = t.explain("write", err)
	} else if err = flush(file); err != nil {
		err = t.explain("sync", errSync(err))
	} else if temp == "" {
		err = link(file, t.dir, t.base)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return t.explain("create", err)
		}
		t.named = true // the file system has no links: the next file is renamed
		return t.writeNew(content, perm)
	} else {
		err = t.explain("create", place(t.dir, temp, t.base, perm))
	}
	if err != nil && temp != "" {
		t.dir.Remove(temp)
	}
	return err
}

// place moves temp to the free name.
func place(dir folder, temp, name string, perm fs.FileMode) error {
	err := dir.Link(temp, name)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil {
		return claim(dir, temp, name, perm)
	}
	if err := dir.Remove(temp); err != nil {
		dir.Remove(name)
		return err
	}
	return nil
}

// claim does the same without hard links, for file systems such as FAT. It creates an empty
// file with O_EXCL, which fails if the name is taken, and then replaces it.
func claim(dir folder, temp, name string, perm fs.FileMode) error {
	file, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = file.Close()
	if err == nil {
		err = dir.Rename(temp, name)
	}
	if err != nil {
		dir.Remove(name)
	}
	return err
}
