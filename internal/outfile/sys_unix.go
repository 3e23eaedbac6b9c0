// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// adopt gives file the group, the permission bits and, for root, the owner of the
// file that it will replace.
func adopt(file *os.File, old fs.FileInfo) error {
	perm := old.Mode().Perm()
	owner := old.Sys().(*syscall.Stat_t)
	if file.Chown(int(owner.Uid), int(owner.Gid)) != nil && file.Chown(-1, int(owner.Gid)) != nil {
		// The old group's rights must not become those of another group,
		// which gets what everybody had.
		perm = perm&^0o070 | perm&0o007<<3
	}
	err := file.Chmod(perm)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil // not even for its creator: FAT and its like keep no permissions
	}
	return err
}

// flush is fsync, where there is such a thing: some network file systems and
// most special files have none, and nothing more can be done for them.
func flush(file *os.File) error {
	err := file.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// syncDirectory makes the directory entry of name durable.
func syncDirectory(name string) error {
	path, _ := filepath.Split(name)
	directory, err := os.Open(orDot(path))
	if errors.Is(err, fs.ErrPermission) {
		return nil // may be written to and not be read: no way to sync it
	}
	if err == nil {
		err = flush(directory)
		directory.Close()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return nil
}

// descriptor returns the number of the open file that name stands for. To open
// /dev/stdout on Linux is not to write to it: a socket cannot be opened, and in a
// regular file writing would start over at its beginning.
func descriptor(name string) (number int, ok bool) {
	switch name {
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	for _, directory := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if digits, found := strings.CutPrefix(name, directory); found {
			number, err := strconv.ParseUint(digits, 10, 31)
			return int(number), err == nil
		}
	}
	return 0, false
}

// duplicate returns a file that can be closed without closing the descriptor.
func duplicate(number int, name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	second, err := syscall.Dup(number)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	syscall.CloseOnExec(second)
	return os.NewFile(uintptr(second), name), nil
}
