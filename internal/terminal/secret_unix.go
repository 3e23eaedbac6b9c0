// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || freebsd || linux || netbsd || openbsd

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// readSecret silences the terminal, asks, and reads a line.
//
// term.ReadPassword is not enough: it can be asked only before it silences the
// terminal, too late for who types at once, and it takes no end of input for an
// answer.
func readSecret(in *os.File, ask func()) ([]byte, error) {
	fd := int(in.Fd())
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	silent := *state
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &silent); err != nil {
		return nil, err
	}
	defer unix.IoctlSetTermios(fd, setTermios, state)
	ask()
	return readLine(in)
}
