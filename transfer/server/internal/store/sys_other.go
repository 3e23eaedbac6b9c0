// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux && !darwin && !freebsd && !windows

package store

import "os"

// freeSpace returns -1: writes fail when the disk is full.
func freeSpace(*os.File) int64 { return -1 }
