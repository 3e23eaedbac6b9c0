// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package terminal

import (
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// readSilently calls ask and then reads a line from the terminal, which shows
// nothing of it. The error is [io.EOF] for Ctrl-D on an empty line.
//
// [golang.org/x/term.ReadPassword] does not notice Ctrl-D here: it takes the
// empty read for no news, and reads on. And to ask before the terminal is silent
// would show what is typed quickly.
func readSilently(tty *os.File, ask func()) ([]byte, error) {
	fd := int(tty.Fd())
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	silent := *old
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &silent); err != nil {
		return nil, err
	}
	defer unix.IoctlSetTermios(fd, setTermios, old)
	ask()
	return readLine(tty)
}

// readLine reads up to the end of the line and not behind it, where the answer
// to the next question may be.
func readLine(r io.Reader) (line []byte, err error) {
	var c [1]byte
	for {
		if _, err := r.Read(c[:]); err != nil {
			if err == io.EOF && len(line) > 0 {
				return line, nil
			}
			return nil, err
		}
		switch c[0] {
		case '\n':
			return line, nil
		case '\b': // from keyboards on which this is not what the terminal erases with
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		default:
			line = append(line, c[0])
		}
	}
}
