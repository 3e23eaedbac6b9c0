// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create begins the output file of the given name. Nothing under that name
// changes before Commit.
//
// A new file gets the permission bits 0666 less the umask, a replaced one keeps
// those it had. A symbolic link stays, and the file that it leads to is replaced;
// a link to nothing is refused, and so is a directory. A device, a pipe or a
// socket is opened and written to directly, see Atomic; names like /dev/stdout and
// /dev/fd/3 stand for that open file. The errors name the file, or the directory
// if no file can be created there.
func Create(name string) (*File, error) {
	if number, ok := descriptor(name); ok {
		return createDirect(name, func() (*os.File, error) { return duplicate(number, name) })
	}
	target, info, err := resolve(name)
	switch {
	case err != nil:
		return nil, err
	case info == nil:
		return createTemp(name, target, nil, 0o666)
	case info.IsDir():
		return nil, &fs.PathError{Op: "create", Path: name, Err: errDirectory}
	case info.Mode().IsRegular():
		// Nobody may read the new content who could not read the old.
		return createTemp(name, target, info, 0o600)
	}
	return createDirect(name, func() (*os.File, error) { return openSpecial(name, info) })
}

// resolve returns the file to replace and what it is: nil if there is none.
func resolve(name string) (string, fs.FileInfo, error) {
	if _, _, err := split(name); err != nil {
		return "", nil, err
	}
	entry, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil, nil // or the directory does not exist, which createTemp will find
	}
	if err != nil {
		return "", nil, err
	}
	// Stat, not EvalSymlinks, tells what a link leads to: in /proc there are
	// links to pipes, which have no path.
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, &fs.PathError{Op: "create", Path: name, Err: errDangling}
	case err != nil:
		return "", nil, err
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

func createTemp(name, target string, old fs.FileInfo, perm fs.FileMode) (*File, error) {
	file, err := openTemp(target, perm)
	if err != nil {
		return nil, err
	}
	return &File{name: name, target: target, temp: file.Name(), old: old, sync: true, file: file}, nil
}

func createDirect(name string, open func() (*os.File, error)) (*File, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	// Pipes and terminals have nothing to sync, and some say so with an error.
	const stream = fs.ModeNamedPipe | fs.ModeSocket | fs.ModeCharDevice
	return &File{name: name, target: name, sync: info.Mode()&stream == 0, file: file}, nil
}

// openSpecial opens what info describes. Should a regular file have come in its
// place it is not written to.
func openSpecial(name string, info fs.FileInfo) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && opened.Mode().Type() != info.Mode().Type() {
		err = &fs.PathError{Op: "create", Path: name, Err: errChanged}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
