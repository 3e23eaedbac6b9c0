// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package main

import (
	"io/fs"
	"os"
)

// inherited cannot tell more here than what can be no descriptor at all.
func inherited(fd int) bool { return fd >= 0 }

// closedAtStart cannot tell here.
func closedAtStart(*os.File) bool { return false }

// sameDevice cannot tell here.
func sameDevice(fs.FileInfo, fs.FileInfo) bool { return false }

// keep does nothing: here a command inherits the standard streams only.
func keep(int) {}
