// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import "github.com/pqenc/pqenc/format"

// Prompted asks for a passphrase when a file turns out to need one, and once.
// It is an identity only.
type Prompted struct {
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
	if s.Type != format.TypePassphrase {
		return nil, format.ErrNoMatch
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
