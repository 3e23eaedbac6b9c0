// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package terminal

import (
	"os"

	"golang.org/x/term"
)

// readSilently calls ask and then reads a line from the terminal, which shows
// nothing of it. The error is [io.EOF] when the person ends the input instead.
func readSilently(tty *os.File, ask func()) ([]byte, error) {
	ask()
	return term.ReadPassword(int(tty.Fd()))
}
