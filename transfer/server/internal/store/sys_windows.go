// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// freeSpace returns the bytes that the user can write to the disk of a file, or -1.
func freeSpace(file *os.File) int64 {
	name, err := windows.UTF16PtrFromString(filepath.Dir(file.Name()))
	if err != nil {
		return -1
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(name, &free, nil, nil) != nil {
		return -1
	}
	return int64(min(free, math.MaxInt64))
}

func init() {
	diskFull = append(diskFull, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL)
}
