// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package durable

import (
	"errors"
	"io/fs"
	"os"
)

const noFollow, noWait = 0, 0

// giveAccess leaves file with the access rights that its folder gives to new files:
// permission bits mean nothing on Windows.
func giveAccess(*os.File, fs.FileInfo, fs.FileMode) error { return nil }

// own reports whether a file is a regular one. Who can use it the folder says.
func own(info fs.FileInfo) bool { return info.Mode().IsRegular() }

func private(info fs.FileInfo) bool { return own(info) }

// trusted reports whether the log beside a file is a regular file. Who can make one there
// the folder says.
func trusted(log, _ fs.FileInfo) bool { return own(log) }

// links returns 1: the system tells it only of open files.
func links(fs.FileInfo) uint64 { return 1 }

func flush(file *os.File) error { return file.Sync() }

// syncFolder does nothing: Windows cannot sync a folder.
func syncFolder(folder) error { return nil }

// descriptor finds none: no names stand for open files.
func descriptor(string) (number int, ok bool) { return 0, false }

func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
