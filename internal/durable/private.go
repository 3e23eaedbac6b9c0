// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// openPrivate opens a regular file that only this user can access. The error is errForeign if
// the name is that of anything else.
func openPrivate(dir folder, name string) (*os.File, error) {
	file, info, err := openRegular(dir, name, os.O_RDWR)
	if errors.Is(err, ErrNotRegular) {
		return nil, errForeign
	}
	if errors.Is(err, fs.ErrPermission) {
		// This is not one of our own files, which are all private.
		if info, err := dir.Lstat(name); err == nil && !private(info) {
			return nil, errForeign
		}
	}
	if err != nil {
		return nil, err
	}
	if !private(info) {
		file.Close()
		return nil, errForeign
	}
	return file, nil
}

// createPrivate creates a private file. The error wraps ErrNoPartial on file systems
// that do not keep permissions, like FAT.
func createPrivate(dir folder, name string) (*os.File, error) {
	file, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && private(info) {
		return file, nil
	}
	if err == nil {
		err = ErrNoPartial
	}
	file.Close()
	dir.Remove(name)
	return nil, err
}

// openLocked opens or creates a private file that is locked until it is closed or the
// process ends, and reports whether it is new. The error wraps ErrInUse if another
// process has locked it.
func openLocked(dir folder, name string) (file *os.File, fresh bool, err error) {
	for range 100 {
		file, err = openPrivate(dir, name)
		if fresh = errors.Is(err, fs.ErrNotExist); fresh {
			file, err = createPrivate(dir, name)
		}
		if errors.Is(err, fs.ErrExist) {
			continue // it was created meanwhile
		}
		if err != nil {
			return nil, false, describe(dir, name, fresh, err)
		}
		err = Lock(file)
		if err == nil && stands(dir, name, file) {
			return file, fresh, nil
		}
		file.Close() // if it is locked, whoever had the lock has removed the file
		if err != nil {
			return nil, false, err
		}
	}
	return nil, false, describe(dir, name, false, errRestless)
}

// describe adds to an error the name of the file that cannot be opened, or of the folder if
// the file cannot be made.
func describe(dir folder, name string, fresh bool, err error) error {
	if fresh {
		return &fs.PathError{Op: "create a file in", Path: dir.Name(), Err: cause(err)}
	}
	return &fs.PathError{Op: "open", Path: filepath.Join(dir.Name(), name), Err: cause(err)}
}
