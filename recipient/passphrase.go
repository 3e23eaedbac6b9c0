// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/aead"
	"github.com/pqenc/pqenc/internal/fips"
)

var (
	// ErrEmptyPassphrase is returned for a passphrase without bytes.
	ErrEmptyPassphrase = errors.New("the passphrase is empty")
	// ErrWrongPassphrase is returned for a file with another passphrase. It
	// wraps [format.ErrNoMatch].
	ErrWrongPassphrase = fmt.Errorf("wrong passphrase: %w", format.ErrNoMatch)
)

// Passphrase wraps and unwraps file keys with a key that Argon2id (RFC 9106) derives
// from a passphrase. It must be the only recipient of a file.
type Passphrase struct {
	secret []byte
	cost   Cost // of Wrap
}

// NewPassphrase returns the recipient and identity for a passphrase, which is used
// byte for byte. It keeps a copy. The error is [ErrEmptyPassphrase].
func NewPassphrase(passphrase []byte) (*Passphrase, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return nil, ErrEmptyPassphrase
	}
	return &Passphrase{bytes.Clone(passphrase), WriterCost()}, nil
}

// StanzaType returns [format.TypePassphrase], the type of the stanzas of Wrap. So a
// caller can check that the passphrase is alone before it does the work of Wrap.
func (p *Passphrase) StanzaType() format.StanzaType { return format.TypePassphrase }

// Wrap returns a stanza of type [format.TypePassphrase] that holds the file
// key. Every call uses a fresh salt.
func (p *Passphrase) Wrap(fileKey *format.FileKey, binding *format.Binding) (format.Stanza, error) {
	var salt [16]byte
	rand.Read(salt[:])
	key, commit := p.stretch(p.cost, salt[:])
	b := make([]byte, 0, format.PassphraseSize)
	b = binary.BigEndian.AppendUint32(b, p.cost.Time)
	b = binary.BigEndian.AppendUint32(b, p.cost.Memory)
	b = append(b, p.cost.Threads)
	b = append(b, salt[:]...)
	b = append(b, commit...)
	b = aead.New(key).Seal(b, keyNonce, fileKey[:], binding[:])
	return format.Stanza{Type: format.TypePassphrase, Body: b}, nil
}

// Unwrap returns the file key in s. The error is [format.ErrNoMatch] if s has another
// type, or [ErrWrongPassphrase]. It wraps [format.ErrHeader] if s is damaged or its
// parameters are out of bounds.
func (p *Passphrase) Unwrap(s format.Stanza, binding *format.Binding) (*format.FileKey, error) {
	if s.Type != format.TypePassphrase || len(s.Body) != format.PassphraseSize {
		return nil, format.ErrNoMatch
	}
	cost, err := costOf(s)
	if err != nil {
		return nil, err
	}
	salt, wantCommit, sealed := s.Body[9:25], s.Body[25:57], s.Body[57:]
	key, commit := p.stretch(cost, salt)
	// GCM does not commit to its key: without the commitment, one crafted file
	// could test many passphrases at once.
	if subtle.ConstantTimeCompare(commit, wantCommit) != 1 {
		return nil, ErrWrongPassphrase
	}
	fileKey, err := aead.New(key).Open(nil, keyNonce, sealed, binding[:])
	if err != nil {
		return nil, &format.Error{Field: "passphrase stanza", Reason: "its sealed key was changed or is from another file", Kind: format.ErrHeader}
	}
	return (*format.FileKey)(fileKey), nil
}

// stretch derives the wrapping key and the commitment to it, 32 bytes each.
func (p *Passphrase) stretch(c Cost, salt []byte) (key *[aead.KeySize]byte, commit []byte) {
	out := argon2.IDKey(p.secret, salt, c.Time, c.Memory, c.Threads, 64)
	return (*[aead.KeySize]byte)(out), out[aead.KeySize:]
}

// keyNonce is zero, since every wrapping key is fresh and seals one message.
var keyNonce = make([]byte, aead.NonceSize)
