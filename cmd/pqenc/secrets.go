// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pqenc/pqenc/internal/strength"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/internal/text"
)

// maxPassphrase is the maximum length of a passphrase in bytes.
const maxPassphrase = 4096

// passphraseSource is what was read from the source that the flags name.
type passphraseSource struct {
	file *os.File // kept open: closing a second file for the descriptor would close it, too
	read []byte   // the passphrase, or nil before it is read

	missing string // hint if there is no passphrase and no terminal, if it is not the usual one
}

// roles returns the source of the passphrase of files, and that of private keys. The
// flags without "key-" are for files if these have a passphrase or if the flags for keys
// are used, too, and otherwise for keys.
func (f *secretFlags) roles(files bool) (file, key *passphraseFlags) {
	if files || f.Key.set() {
		f.Key.source.missing = "give that of a private key with --key-passphrase-file or --key-passphrase-fd"
		return &f.File, &f.Key
	}
	if f.File.set() {
		f.Key.source.missing = "without -p, --passphrase-file and --passphrase-fd give that of a private key, and not that of the file"
	}
	return &f.Key, &f.File
}

// check returns an error for invalid flags, for files from src.
func (f *secretFlags) check(src *input, keys bool) error {
	if f.Key.set() && !keys {
		return usageError("--key-passphrase-file and --key-passphrase-fd need a private key", "name the key, too")
	}
	return cmp.Or(f.File.notSame(&f.Key), f.File.notFrom(src), f.Key.notFrom(src))
}

// notSame returns an error if two passphrases come from the same descriptor.
func (p *passphraseFlags) notSame(other *passphraseFlags) error {
	one, two := p.PassphraseFd, other.PassphraseFd
	if one != nil && two != nil && *one == *two {
		return usageError("two passphrases cannot come from the same descriptor")
	}
	return nil
}

// notFrom returns an error if the passphrase comes from src, and would take some of the
// input.
func (p *passphraseFlags) notFrom(src *input) error {
	var from fs.FileInfo
	switch {
	case p.PassphraseFile != "":
		from, _ = os.Stat(p.PassphraseFile) // not opened, since it may be a pipe
	case p.PassphraseFd != nil:
		f, err := p.descriptor()
		if err != nil {
			return err
		}
		from, _ = f.Stat()
	}
	info, err := src.file.Stat()
	if err == nil && from != nil && os.SameFile(from, info) {
		return usageError("the passphrase cannot come from " + src.name + ", which is the input")
	}
	return nil // other errors appear when it is read
}

// ask returns a function that returns the passphrase of the thing so named.
func (p *passphraseFlags) ask(a *app, what string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if given, err := p.given(); given != nil || err != nil {
			return given, err
		}
		secret, err := a.prompter.Secret("passphrase for " + what)
		if errors.Is(err, terminal.ErrNoTerminal) && p.source.missing != "" {
			err = withHints(err, p.source.missing)
		}
		return secret, err
	}
}

// choose returns a new passphrase, and warns if it is weak.
func (p *passphraseFlags) choose(a *app, what string, n newPassphraseFlag) ([]byte, error) {
	if n.GeneratePassphrase {
		return a.generate(what)
	}
	secret, err := p.given()
	if secret == nil && err == nil {
		secret, err = a.typeTwice(what)
		if errors.Is(err, terminal.ErrNoTerminal) && p.source.missing != "" {
			err = withHints(err, p.source.missing)
		}
	}
	if err == nil && len(secret) > 0 && !a.grammar.Quiet && strength.Weak(secret) {
		a.warn("the new passphrase for %s is weak: whoever has the file can guess it", what)
		a.hint("--generate-passphrase makes one of several random words")
	}
	return secret, err
}

// generate returns a new passphrase, and shows it only on the terminal.
func (a *app) generate(what string) ([]byte, error) {
	secret, err := strength.NewPassphrase()
	if err != nil {
		return nil, err
	}
	err = a.prompter.Tell("new passphrase for "+what+": "+string(secret), "Write it down: it is not shown again.")
	if errors.Is(err, terminal.ErrNoTerminal) {
		err = usageError("there is no terminal to show a new passphrase on", "run it in a terminal, or give a passphrase with --passphrase-file or --passphrase-fd")
	}
	return secret, err
}

// typeTwice asks for a new passphrase twice.
func (a *app) typeTwice(what string) ([]byte, error) {
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

// given returns the passphrase from the source that a flag names, and reads it only once.
// Without such a flag it returns nil.
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

// open opens the source that a flag names, or returns nil without such a flag.
func (p *passphraseFlags) open() (*os.File, error) {
	switch {
	case p.PassphraseFile != "":
		return os.Open(p.PassphraseFile)
	case p.PassphraseFd != nil:
		return p.descriptor()
	}
	return nil, nil
}

// descriptor returns the open file for the descriptor of a flag. If it was not open at
// the start, it could by now be a file that this process opened itself.
func (p *passphraseFlags) descriptor() (*os.File, error) {
	fd := *p.PassphraseFd
	if p.source.file == nil {
		if !inherited(fd) {
			return nil, usageError(fmt.Sprintf("%d is not an open file descriptor", fd))
		}
		keep(fd)
		p.source.file = os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd))
	}
	return p.source.file, nil
}

// readLine reads the only line in r, without its line break.
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
		return nil, usageError("the passphrase must be a single line")
	case len(line) == 0:
		return nil, usageError("the passphrase is empty")
	}
	return line, nil
}
