// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux || darwin || freebsd

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace returns the bytes that a user without privileges can write to the file system of
// an open file, or -1.
func freeSpace(file *os.File) int64 {
	var st unix.Statfs_t
	if unix.Fstatfs(int(file.Fd()), &st) != nil {
		return -1
	}
	return max(0, int64(st.Bavail)) * int64(st.Bsize)
}
