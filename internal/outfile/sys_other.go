// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package outfile

import (
	"errors"
	"io/fs"
	"os"
)

// adopt leaves file with the access rights that its directory gives to new files:
// permission bits mean nothing on Windows.
func adopt(*os.File, fs.FileInfo) error { return nil }

func flush(file *os.File) error { return file.Sync() }

// syncDirectory does nothing: Windows cannot sync a directory.
func syncDirectory(string) error { return nil }

// descriptor finds none: no names stand for open files.
func descriptor(string) (number int, ok bool) { return 0, false }

func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
