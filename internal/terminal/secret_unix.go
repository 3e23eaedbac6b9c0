// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || freebsd || linux || netbsd || openbsd

package terminal

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// readSecret turns echo off, asks, and reads a line. While the process is stopped by
// Ctrl-Z, echo is on again. Afterwards the question is repeated.
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
	restore := func() { unix.IoctlSetTermios(fd, setTermios, state) }
	defer restore()
	defer onStop(restore, func() {
		unix.IoctlSetTermios(fd, setTermios, &silent)
		ask()
	})()
	ask()
	return readLine(in)
}

// stopsWithin is how long a process may run after a signal that stops it. The clock of a
// stopped process continues.
const stopsWithin = 100 * time.Millisecond

// onStop calls before when Ctrl-Z is about to stop the process, and after when it
// continues, until the function that it returns is called.
func onStop(before, after func()) (cancel func()) {
	signals, continued := make(chan os.Signal, 1), make(chan os.Signal, 1)
	done, ended := make(chan struct{}), make(chan struct{})
	signal.Notify(signals, unix.SIGTSTP)
	signal.Notify(continued, unix.SIGCONT)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-signals:
				before()
				// Go would have to handle SIGTSTP from now on. This stops a process
				// just as well, and only if there is a shell that can continue it.
				unix.Kill(unix.Getpid(), unix.SIGTTIN)
				select {
				case <-continued:
				case <-time.After(stopsWithin): // there is none, or it has continued
				}
				after()
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		signal.Stop(continued)
		close(done)
		<-ended
	}
}
