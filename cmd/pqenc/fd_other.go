// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package main

import (
	"io/fs"
	"os"
)

// inherited cannot be determined here; it only rejects invalid descriptors.
func inherited(fd int) bool { return fd >= 0 }

// closedAtStart cannot be determined here.
func closedAtStart(*os.File) bool { return false }

// sameDevice cannot be determined here.
func sameDevice(fs.FileInfo, fs.FileInfo) bool { return false }

// keep does nothing: here a command inherits only the standard streams.
func keep(int) {}
