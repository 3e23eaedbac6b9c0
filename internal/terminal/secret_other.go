// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !(darwin || freebsd || linux || netbsd || openbsd)

package terminal

import (
	"os"

	"golang.org/x/term"
)

// readSecret asks, and reads a line that is not shown.
func readSecret(in *os.File, ask func()) ([]byte, error) {
	ask()
	return term.ReadPassword(int(in.Fd()))
}
