// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package durable

import (
	"io/fs"
	"os"
	"time"
)

// accessed returns when the file was last modified, in place of when it was last read.
func accessed(info fs.FileInfo) time.Time { return info.ModTime() }

// setTimes sets the times of a file, by the name that it has in the folder.
func setTimes(_ *os.File, dir folder, name string, atime, mtime time.Time) error {
	return dir.Chtimes(name, atime, mtime)
}
