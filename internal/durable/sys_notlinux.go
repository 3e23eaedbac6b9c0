// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package durable

import (
	"errors"
	"io/fs"
	"os"
)

// openNameless fails: the system has no files without a name.
func openNameless(folder, fs.FileMode) (*os.File, error) { return nil, errors.ErrUnsupported }

func link(*os.File, folder, string) error { return errors.ErrUnsupported }

// obstacle returns nil: whether a file can be replaced is only known after trying.
func obstacle(folder, string, fs.FileInfo) error { return nil }

// reserve does nothing: that a disk is full is only known after trying to write.
func reserve(*os.File, int64) error { return nil }
