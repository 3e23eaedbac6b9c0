// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pqenc/pqenc/internal/text"
)

// maxPassphrase is the length of the longest passphrase in bytes.
const maxPassphrase = 4096

// passphraseSource is what has been taken from where the flags say.
type passphraseSource struct {
	file *os.File // the descriptor, kept: a second one would close it, too
	read []byte   // the passphrase, nil before it is read
}

// notFrom fails if the passphrase is to come from src, of which it would take
// the first part or all.
func (p *passphraseFlags) notFrom(src *input) error {
	var from fs.FileInfo
	switch {
	case p.PassphraseFile != "":
		from, _ = os.Stat(p.PassphraseFile) // not opened, as it may be a pipe
	case p.PassphraseFd != nil:
		f, err := p.descriptor()
		if err != nil {
			return err
		}
		from, _ = f.Stat()
	}
	info, err := src.Stat()
	if err == nil && from != nil && os.SameFile(from, info) {
		return usageError("the passphrase cannot come from " + src.name + ", which is the input")
	}
	return nil // what else is wrong shows when it is read
}

// ask returns a function that gets the passphrase of the thing so named.
func (p *passphraseFlags) ask(a *app, what string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if given, err := p.given(); given != nil || err != nil {
			return given, err
		}
		return a.prompter.Secret("passphrase for " + what)
	}
}

// choose gets a new passphrase, which a person must type twice.
func (p *passphraseFlags) choose(a *app, what string) ([]byte, error) {
	if given, err := p.given(); given != nil || err != nil {
		return given, err
	}
	first, err := a.prompter.Secret("new passphrase for " + what)
	if err != nil {
		return nil, err
	}
	second, err := a.prompter.Secret("the same again")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, usageError("the two passphrases differ", "nothing was written: try again")
	}
	return first, nil
}

// given reads the passphrase from where a flag says, once; nil without a flag.
func (p *passphraseFlags) given() ([]byte, error) {
	if p.source.read != nil {
		return p.source.read, nil
	}
	f, err := p.open()
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := readLine(f)
	if err != nil {
		return nil, err
	}
	p.source.read = line
	return line, nil
}

// open opens what a flag names; nil without a flag.
func (p *passphraseFlags) open() (*os.File, error) {
	switch {
	case p.PassphraseFile != "":
		return os.Open(p.PassphraseFile)
	case p.PassphraseFd != nil:
		return p.descriptor()
	}
	return nil, nil
}

// descriptor returns the open file that a flag names. If that is not open it
// could by now be one that this process has opened itself.
func (p *passphraseFlags) descriptor() (*os.File, error) {
	fd := *p.PassphraseFd
	if !inherited(fd) {
		return nil, usageError(fmt.Sprintf("%d is not an open file descriptor", fd))
	}
	if p.source.file == nil {
		p.source.file = os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd))
	}
	return p.source.file, nil
}

// readLine reads the one line in r, less its end.
func readLine(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPassphrase+1))
	if err != nil {
		return nil, err
	}
	trimmed, err := text.Trim(b)
	if err != nil {
		return nil, fmt.Errorf("the passphrase cannot be read: %w", err)
	}
	line, rest, _ := bytes.Cut(trimmed, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(b) > maxPassphrase:
		return nil, usageError("the passphrase is too long")
	case len(rest) > 0:
		return nil, usageError("the passphrase must be one line, and the only one")
	case len(line) == 0:
		return nil, usageError("the passphrase is empty")
	}
	return line, nil
}
