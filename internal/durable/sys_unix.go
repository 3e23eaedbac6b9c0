// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const noFollow, noWait = syscall.O_NOFOLLOW, syscall.O_NONBLOCK

// giveAccess gives file the permission bits, and the group and for root the owner of
// the file that it replaces, if there is one.
func giveAccess(file *os.File, old fs.FileInfo, perm fs.FileMode) error {
	if old != nil {
		owner := old.Sys().(*syscall.Stat_t)
		if file.Chown(int(owner.Uid), int(owner.Gid)) != nil && file.Chown(-1, int(owner.Gid)) != nil {
			// The rights of the old group must not become those of another group,
			// which gets the rights of everybody.
			perm = perm&^0o070 | perm&0o007<<3
		}
	}
	err := file.Chmod(perm)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil // not even for its creator: file systems such as FAT keep no permissions
	}
	return err
}

// own reports whether a file is a regular one of this user.
func own(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid()
}

// private reports whether a file belongs to this user, nobody else can access it, and it has
// no other name. It may have been removed since it was opened.
func private(info fs.FileInfo) bool {
	return own(info) && info.Mode().Perm()&0o077 == 0 && info.Sys().(*syscall.Stat_t).Nlink <= 1
}

// trusted reports whether the log of a file is from somebody who may write to the file
// anyway: it belongs to the owner, nobody else can write to it, and it is not a hard link to
// another file of the owner.
func trusted(log, file fs.FileInfo) bool {
	owner := file.Sys().(*syscall.Stat_t).Uid
	return log.Mode().IsRegular() && log.Mode().Perm()&0o022 == 0 && links(log) <= 1 && log.Sys().(*syscall.Stat_t).Uid == owner
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Nlink) }

// flush is fsync, if it is supported. Some network file systems and most special files do
// not support it, and there is nothing else to do for them.
func flush(file *os.File) error {
	err := file.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// syncFolder makes the entries of a folder durable. That is impossible for a folder that may
// not be read.
func syncFolder(dir folder) error {
	list, err := dir.Open(".")
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer list.Close()
	if err := flush(list); err != nil {
		failedSyncs.Add(1)
		return err
	}
	return nil
}

// descriptor returns the number of the open file that name means. These names are
// recognized because opening one on Linux does not give the open file: a socket cannot be
// opened, and a regular file gets a new offset, so that the output would overwrite what is
// there or be overwritten by what follows.
func descriptor(name string) (number int, ok bool) {
	directory, base := filepath.Split(name)
	switch {
	case name == "/dev/stdout":
		return 1, true
	case name == "/dev/stderr":
		return 2, true
	case directory != "/dev/fd/" && directory != "/proc/self/fd/":
		return 0, false
	}
	n, err := strconv.ParseUint(base, 10, 31)
	return int(n), err == nil
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
