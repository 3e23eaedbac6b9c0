// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || freebsd || linux || netbsd || openbsd

package terminal

import (
	"io"
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

// readLine reads up to the end of the line, or of the input if that comes after
// something.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		switch {
		case n > 0 && b[0] == '\n', err == io.EOF && len(line) > 0:
			return line, nil
		case n > 0 && b[0] == '\b': // where another key is set to erase
			line = line[:max(len(line)-1, 0)]
		case n > 0:
			line = append(line, b[0])
		case err != nil:
			return nil, err
		}
	}
}
