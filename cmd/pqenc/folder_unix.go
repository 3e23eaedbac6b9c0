// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// writable returns why no files can be created in a folder, without creating one.
func writable(dir string) error {
	return os.NewSyscallError("access", unix.Access(dir, unix.W_OK|unix.X_OK))
}
