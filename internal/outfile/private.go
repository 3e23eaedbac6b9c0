// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// openPrivate opens the file of that name for reading and writing, or creates it.
// The error is errForeign if something stands there that is not a regular file of
// this user alone. Links are not followed.
func openPrivate(name string) (*os.File, error) {
	for {
		file, err := openNoFollow(name, true)
		if err == nil {
			return confirm(file)
		}
		if !errors.Is(err, fs.ErrExist) {
			directory, _ := filepath.Split(name)
			return nil, &fs.PathError{Op: "create a file in", Path: orDot(directory), Err: cause(err)}
		}
		file, err = openNoFollow(name, false)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has gone meanwhile
		}
		if errors.Is(err, ErrInUse) {
			return nil, err
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%w (%w)", errForeign, cause(err))}
		}
		if info, err := file.Stat(); err != nil || !private(info) {
			file.Close()
			return nil, &fs.PathError{Op: "open", Path: name, Err: errForeign}
		}
		return file, nil
	}
}

// confirm requires that a file is private that was just created. It is not on
// file systems that do not keep permissions, like FAT.
func confirm(file *os.File) (*os.File, error) {
	info, err := file.Stat()
	if err == nil && private(info) {
		return file, nil
	}
	if err == nil {
		err = &fs.PathError{Op: "create", Path: file.Name(), Err: ErrNoPartial}
	}
	file.Close()
	os.Remove(file.Name())
	return nil, err
}

// openLocked is openPrivate for a file that is locked until it is closed or the
// process ends. The error is ErrInUse if somebody else has locked it.
func openLocked(name string) (*os.File, error) {
	for {
		file, err := openPrivate(name)
		if err != nil {
			return nil, err
		}
		err = lock(file)
		if err == nil && !stands(file) {
			file.Close() // whoever had the lock has removed the file
			continue
		}
		if err != nil {
			file.Close()
			return nil, err
		}
		return file, nil
	}
}

// stands reports whether file still has its name.
func stands(file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(file.Name())
	return err == nil && os.SameFile(opened, named)
}
