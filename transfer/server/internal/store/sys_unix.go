// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux || darwin || freebsd

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock, or fails at once.
func lockFile(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// freeSpace returns the bytes that a user without privileges can still write to the file
// system of an open file, or -1.
func freeSpace(file *os.File) int64 {
	var st unix.Statfs_t
	if unix.Fstatfs(int(file.Fd()), &st) != nil {
		return -1
	}
	return max(0, int64(st.Bavail)) * int64(st.Bsize)
}

// isFull says whether the disk, or the user's part of it, is full.
func isFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// isShort reports whether this process, or the system, has too few descriptors or too
// little memory.
func isShort(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}
