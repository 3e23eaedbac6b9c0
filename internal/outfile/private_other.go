// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package outfile

import (
	"io/fs"
	"os"
)

// openNoFollow refuses: there is no lock that goes with its process.
func openNoFollow(name string, _ bool) (*os.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: ErrNoPartial}
}

func private(fs.FileInfo) bool { return false }

func lock(*os.File) error { return ErrNoPartial }
