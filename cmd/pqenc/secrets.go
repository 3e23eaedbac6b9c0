// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// maxPassphrase is the length of the longest passphrase in bytes.
const maxPassphrase = 4096

// passphraseFlags say where passphrases come from when not from the terminal.
// There is no flag with the passphrase itself: everybody on the machine could
// read it.
type passphraseFlags struct {
	PassphraseFile string `type:"path" placeholder:"PATH" xor:"passphrase" help:"Read the passphrase from a file of one line, instead of the terminal."`
	PassphraseFd   *int   `placeholder:"N" xor:"passphrase" help:"Read the passphrase from an open file descriptor, one line."`
	read           []byte // what a flag gave
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
	if p.read != nil {
		return p.read, nil
	}
	var f *os.File
	switch {
	case p.PassphraseFile != "":
		var err error
		if f, err = os.Open(p.PassphraseFile); err != nil {
			return nil, err
		}
	case p.PassphraseFd != nil:
		f = os.NewFile(uintptr(*p.PassphraseFd), fmt.Sprintf("descriptor %d", *p.PassphraseFd))
		if f == nil {
			return nil, usageError(fmt.Sprintf("%d is not a file descriptor", *p.PassphraseFd))
		}
	default:
		return nil, nil
	}
	defer f.Close()
	line, err := readLine(f)
	if err != nil {
		return nil, err
	}
	p.read = line
	return line, nil
}

// readLine reads the one line in r, less its end.
func readLine(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPassphrase+1))
	if err != nil {
		return nil, err
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
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
