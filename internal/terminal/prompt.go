// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package terminal talks to the person at the terminal, wherever standard input
// and output go: it asks for secrets, and keeps what is printed printable.
package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/term"
)

// ErrNoTerminal says that there is nobody to ask.
var ErrNoTerminal = errors.New("there is no terminal to ask for the passphrase")

// ErrNoAnswer says that the person ended the input instead of answering.
var ErrNoAnswer = errors.New("no passphrase was given")

// Is says whether f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Prompter asks for secrets on the controlling terminal.
type Prompter struct {
	mu      sync.Mutex
	restore func() // undoes the silence of a question that is open
}

// Secret prints the prompt and reads a line that is not shown. The secret of an
// empty line is empty but never nil: to callers, nil may well mean "no secret".
func (p *Prompter) Secret(prompt string) ([]byte, error) {
	in, out, err := open()
	if err != nil {
		return nil, ErrNoTerminal
	}
	defer in.Close()
	defer out.Close()
	fd := int(in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, ErrNoTerminal
	}
	p.set(func() {
		term.Restore(fd, state)
		fmt.Fprintln(out)
	})
	defer p.set(nil)
	secret, err := readSecret(in, func() { fmt.Fprintf(out, "%s: ", Printable(prompt)) })
	fmt.Fprintln(out)
	if err == io.EOF {
		return nil, ErrNoAnswer
	}
	if err != nil {
		return nil, err
	}
	return append([]byte{}, secret...), nil
}

// Restore makes the terminal show what is typed again, if a question is open.
// It is for those who are about to end the process.
func (p *Prompter) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.restore != nil {
		p.restore()
	}
}

func (p *Prompter) set(restore func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restore = restore
}

// open opens the controlling terminal, which is there also when all standard
// streams are redirected.
func open() (in, out *os.File, err error) {
	inName, outName := "/dev/tty", "/dev/tty"
	if runtime.GOOS == "windows" {
		inName, outName = "CONIN$", "CONOUT$"
	}
	if in, err = os.OpenFile(inName, os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if out, err = os.OpenFile(outName, os.O_RDWR, 0); err != nil {
		in.Close()
		return nil, nil, err
	}
	return in, out, nil
}
