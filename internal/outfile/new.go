// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"errors"
	"io/fs"
	"os"
)

// WriteNew creates the file of the given name with the given content, durably and
// as a whole, with the permission bits perm less the umask. It never replaces
// anything: if the name is taken, even by a dangling link, the error wraps
// fs.ErrExist. On any error but ErrNotDurable there is no new file of that name.
//
// It is made for private keys: the content is in a file with the bits perm from
// the first byte on. Killed half-way it can leave the temporary file behind, which
// then holds the content. Where the file system has no hard links, it can leave an
// empty file of the given name as well.
func WriteNew(name string, content []byte, perm fs.FileMode) error {
	if _, _, err := split(name); err != nil {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	temp, err := openTemp(name, perm)
	if err != nil {
		return err
	}
	if err := fill(temp, content); err != nil {
		os.Remove(temp.Name())
		return &fs.PathError{Op: "write", Path: name, Err: cause(err)}
	}
	if err := place(temp.Name(), name, perm); err != nil {
		os.Remove(temp.Name())
		return &fs.PathError{Op: "create", Path: name, Err: cause(err)}
	}
	return syncDirectory(name)
}

// fill writes content to the disk and closes file.
func fill(file *os.File, content []byte) error {
	_, err := file.Write(content)
	if err == nil {
		err = flush(file)
	}
	return errors.Join(err, file.Close())
}

// place moves temp to the free name.
func place(temp, name string, perm fs.FileMode) error {
	err := os.Link(temp, name)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil {
		return claim(temp, name, perm)
	}
	if err := os.Remove(temp); err != nil {
		os.Remove(name)
		return err
	}
	return nil
}

// claim does the same without hard links, which FAT does not have. An empty file
// takes the name, as O_EXCL does only if it is free, and is then replaced.
func claim(temp, name string, perm fs.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = file.Close()
	if err == nil {
		err = os.Rename(temp, name)
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}
