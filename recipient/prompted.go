// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import "github.com/pqenc/pqenc/format"

// Prompted asks for a passphrase when a file turns out to need one, and once.
// It is an identity only.
type Prompted struct {
	// Weak, if not nil, is called before the passphrase is asked for or used, if
	// the file is weak, see [Cost.Weak]. An error ends the opening of the file
	// with that error.
	//
	// Whoever makes a file for a guess at a passphrase, and sees whether it was
	// opened, as a server does that it comes from, learns whether the guess is
	// right: of weak files, many a second. Use [RefuseWeak] for files from others.
	Weak func(Cost) error

	ask  func() ([]byte, error)
	pass *Passphrase
}

// NewPrompted returns the identity whose passphrase ask will tell. An error of
// ask ends the opening of the file with that error.
func NewPrompted(ask func() ([]byte, error)) *Prompted {
	return &Prompted{ask: ask}
}

// Unwrap is [Passphrase.Unwrap] with the passphrase that was asked for.
func (p *Prompted) Unwrap(s format.Stanza, binding *format.Binding) (*format.FileKey, error) {
	if s.Type != format.TypePassphrase || len(s.Body) != format.PassphraseSize {
		return nil, format.ErrNoMatch
	}
	cost, err := costOf(s)
	if err != nil {
		return nil, err
	}
	if cost.Weak() && p.Weak != nil {
		if err := p.Weak(cost); err != nil {
			return nil, err
		}
	}
	if p.pass == nil {
		secret, err := p.ask()
		if err != nil {
			return nil, err
		}
		if p.pass, err = NewPassphrase(secret); err != nil {
			return nil, err
		}
	}
	return p.pass.Unwrap(s, binding)
}
