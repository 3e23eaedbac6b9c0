// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package terminal

import (
	"os"

	"golang.org/x/term"
)

// CanRedraw reports whether f is a terminal on which a line can be written over.
func CanRedraw(f *os.File) bool { return Is(f) && os.Getenv("TERM") != "dumb" }

// Columns returns the width of a terminal, or what is usual if it does not know.
func Columns(f *os.File) int {
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns
	}
	return 80
}
