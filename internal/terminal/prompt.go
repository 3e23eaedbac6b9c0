// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package terminal talks to the person at the terminal, even if standard input and
// output are redirected. It asks for secrets, and escapes what a terminal would obey.
package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// ErrNoTerminal means that there is nobody to ask.
var ErrNoTerminal = errors.New("there is no terminal to ask for the passphrase")

// ErrNoAnswer means that the person ended the input instead of answering.
var ErrNoAnswer = errors.New("no passphrase was given")

// Is reports whether f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Prompter asks on the controlling terminal.
type Prompter struct {
	mu      sync.Mutex
	restore func() // turns echo on again after a question that is open
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
		endLine(out)
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

// Ask prints the prompt and returns the line that is typed, without white space around
// it.
func (p *Prompter) Ask(prompt string) (string, error) {
	in, out, err := open()
	if err != nil {
		return "", ErrNoTerminal
	}
	defer in.Close()
	defer out.Close()
	p.set(func() { endLine(out) })
	defer p.set(nil)
	fmt.Fprintf(out, "%s: ", Printable(prompt))
	answer, err := readLine(in)
	if err == io.EOF {
		fmt.Fprintln(out)
		return "", ErrNoAnswer
	}
	return strings.TrimSpace(string(answer)), err
}

// Tell prints lines for the person at the terminal alone.
func (p *Prompter) Tell(lines ...string) error {
	in, out, err := open()
	if err != nil {
		return ErrNoTerminal
	}
	defer in.Close()
	defer out.Close()
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, Printable(line)); err != nil {
			return err
		}
	}
	return nil
}

// Restore makes the terminal show what is typed again, if a question is open, and
// reports whether one is. Call it before the process ends.
func (p *Prompter) Restore() (asked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.restore != nil {
		p.restore()
	}
	return p.restore != nil
}

// endLine ends the line of a question. It does not wait for a terminal that was
// stopped by Ctrl-S.
func endLine(out io.Writer) {
	done := make(chan struct{})
	go func() {
		fmt.Fprintln(out)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond):
	}
}

func (p *Prompter) set(restore func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restore = restore
}

// open opens the controlling terminal, which is accessible even if all standard streams
// are redirected.
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

// readLine reads to the end of the line, or to the end of the input if that is not
// empty.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		switch {
		case n > 0 && b[0] == '\n', err == io.EOF && len(line) > 0:
			return line, nil
		case n > 0 && b[0] == '\b': // where another key than this one erases
			line = line[:max(len(line)-1, 0)]
		case n > 0:
			line = append(line, b[0])
		case err != nil:
			return nil, err
		}
	}
}
