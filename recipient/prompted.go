// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import "github.com/pqenc/pqenc/format"

// Prompted is an identity that asks for a passphrase when the first file needs one.
type Prompted struct {
	// Weak, if not nil, is called for files with a weak cost, see [Cost.Weak], before
	// it asks for the passphrase or uses it. If Weak returns an error, opening the
	// file fails with that error.
	//
	// Somebody who makes a file for a guessed passphrase and sees whether it was
	// opened, as a server from which files are fetched can, learns whether the guess
	// is right. Weak files allow many guesses a second. Use [RefuseWeak] for files
	// from others.
	Weak func(Cost) error

	ask  func() ([]byte, error)
	pass *Passphrase
}

// NewPrompted returns the identity with the passphrase that ask returns. If ask returns
// an error, opening the file fails with that error.
func NewPrompted(ask func() ([]byte, error)) *Prompted {
	return &Prompted{ask: ask}
}

// Unwrap is [Passphrase.Unwrap] with the passphrase that ask returned.
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
