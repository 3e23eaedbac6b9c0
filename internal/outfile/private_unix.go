// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package outfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openNoFollow opens a file, or creates one that only its owner can use. It does
// not wait for somebody at the other end of a pipe.
func openNoFollow(name string, create bool) (*os.File, error) {
	flag := os.O_RDWR | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	if create {
		flag |= os.O_CREATE | os.O_EXCL
	}
	return os.OpenFile(name, flag, 0o600)
}

// private reports whether a file is a regular one that only this user can use, and
// under no other name. It may have been removed since it was opened.
func private(info fs.FileInfo) bool {
	owner := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && info.Mode().Perm()&0o077 == 0 &&
		int(owner.Uid) == os.Geteuid() && owner.Nlink <= 1
}

// lock locks a file without waiting. The lock goes with the process, and is not
// inherited.
func lock(file *os.File) error {
	for {
		switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case nil:
			return nil
		case syscall.EINTR:
		case syscall.EWOULDBLOCK:
			return ErrInUse
		default:
			return &fs.PathError{Op: "lock", Path: file.Name(), Err: fmt.Errorf("%w (%w)", ErrNoPartial, err)}
		}
	}
}
