// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/armor"
)

// source is the input of encryption, and what it starts with.
type source struct {
	all       io.Reader // a *io.SectionReader if it can be read at any offset
	empty     bool
	encrypted bool // looks encrypted by pqenc
	key       bool // looks like a public key
}

// look waits for the first bytes of the input, and returns it.
func (in *input) look() (*source, error) {
	all, b := peek(in.reader())
	begin, err := b.Peek(len(format.Magic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	s := &source{all: all, empty: len(begin) == 0, encrypted: string(begin) == format.Magic}
	if !s.encrypted && !s.empty {
		s.encrypted, err = armor.Detect(b)
	}
	if err == io.EOF {
		err = nil
	}
	if begin, failed := b.Peek(min(len(keyfileBegin), b.Buffered())); failed == nil {
		s.key = string(begin) == keyfileBegin
	}
	return s, err
}

// keyfileBegin is what public key files made by pqenc start with.
const keyfileBegin = "# pqenc public key"

// warnOfKey warns of an input that is a public key, which is probably a mistake: "-r
// *.pub" names one recipient and several inputs.
func (s *source) warnOfKey(a *app, name string, to *recipientFlags) {
	if s.key && len(to.Recipient) > 0 {
		a.warn("%s is a public key, and is encrypted like any file: to encrypt to it, use -r for each key", name)
	}
}

// open opens the named input, or prepares the command that replaces it.
func (f *sourceFlags) open(a *app, name string) (*input, error) {
	switch {
	case !f.FromCommand:
		return a.openInput(name)
	case !isStdio(name):
		return nil, usageError(fromCommand+" stands for standard input, and there is an input: "+name, "leave one of the two out")
	}
	return a.newProducer()
}

// errEncrypted refuses to encrypt input twice without --force.
var errEncrypted = errors.New("is encrypted already")

// admit refuses input that is probably a mistake. replaced says what the output would
// replace, if not empty.
func (f *sourceFlags) admit(a *app, in *input, s *source, replaced string) error {
	switch {
	case s.encrypted && !f.Force:
		return errEncrypted
	case !s.empty || in.size >= 0 || f.AllowEmpty: // a named file may be empty
		return nil
	case replaced == "":
		a.warn("%s is empty", in.name)
		return nil
	}
	hints := []string{"if it is meant to be empty, use --allow-empty"}
	if in.producer == nil {
		hints = slices.Insert(hints, 0, "if the command before the pipe failed, fix that: "+fromCommand+" runs it and notices")
	}
	return &failure{fmt.Errorf("is empty, and would replace %s", replaced), exitIO, hints}
}
