// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// ErrChanged reports that another file stands where the one was that is to be replaced.
var ErrChanged = errors.New("was replaced by another process meanwhile")

// CreateOver begins the output that takes the place of a file which the caller has open,
// and mostly is made of it. All that [Create] says holds, and that nothing else is
// replaced: the error of Commit wraps [ErrChanged] if another file stands there.
//
// The file is locked until the caller closes it, so that two of these outputs, or one and
// [OverwriteHead], do not undo each other. The error wraps [ErrInUse] if that has been done, and
// [fs.ErrPermission] if the file is read-only, also for root.
//
// The name is that by which the file was opened, or, if the folder is not nil, its path
// there, with slashes. No link leads out of that folder.
func CreateOver(file *os.File, folder *os.Root, name string) (*File, error) {
	t, err := openOver(folder, name)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*File, error) {
		t.dir.Close()
		return nil, t.explain("replace", err)
	}
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	switch err = Lock(file); {
	case errors.Is(err, ErrInUse):
		return fail(err)
	case info.Mode().Perm()&0o222 == 0:
		return fail(fs.ErrPermission)
	case !stands(t.dir, t.base, file):
		return fail(ErrChanged)
	}
	if t, err = newTarget(t.name, t.dir, t.base, info, Options{}); err != nil {
		return nil, err
	}
	f, err := t.create()
	if err != nil {
		return nil, err
	}
	f.over = file
	return f, nil
}

// openOver opens the folder of a file, and names it.
func openOver(folder *os.Root, name string) (*target, error) {
	if folder == nil {
		real, _, err := resolve(name)
		if err != nil {
			return nil, err
		}
		directory, base, err := split(real)
		if err != nil {
			return nil, err
		}
		dir, err := openFolder(directory)
		return &target{name: name, dir: dir, base: base}, err
	}
	full := filepath.Join(folder.Name(), filepath.FromSlash(name))
	dir, err := folder.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, &fs.PathError{Op: "replace", Path: full, Err: cause(err)}
	}
	return &target{name: full, dir: dir, base: path.Base(name)}, nil
}
