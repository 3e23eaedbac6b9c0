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

// giveAccess does nothing: files keep the access rights of new files in their folder, and
// permission bits have no meaning on Windows.
func giveAccess(*os.File, fs.FileInfo, fs.FileMode) error { return nil }

// own reports whether a file is a regular one. The folder determines who can use it.
func own(info fs.FileInfo) bool { return info.Mode().IsRegular() }

func private(info fs.FileInfo) bool { return own(info) }

// trusted reports whether the log of a file is a regular file. The folder determines who can
// make one.
func trusted(log, _ fs.FileInfo) bool { return own(log) }

// links returns 1: the system reports it only for open files.
func links(fs.FileInfo) uint64 { return 1 }

func flush(file *os.File) error { return file.Sync() }

// syncFolder does nothing: Windows cannot sync a folder.
func syncFolder(folder) error { return nil }

// descriptor returns false: no names mean open files.
func descriptor(string) (number int, ok bool) { return 0, false }

func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
