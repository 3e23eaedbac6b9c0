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
	// ErrEmptyPassphrase says that a passphrase has no bytes.
	ErrEmptyPassphrase = errors.New("the passphrase is empty")
	// ErrWrongPassphrase says that a file has another passphrase. It wraps
	// [format.ErrNoMatch].
	ErrWrongPassphrase = fmt.Errorf("wrong passphrase: %w", format.ErrNoMatch)
)

// Passphrase wraps and unwraps file keys with a passphrase that Argon2id
// (RFC 9106) stretches. It must be a file's only recipient.
type Passphrase struct {
	secret []byte
	cost   Cost // of Wrap
}

// NewPassphrase returns the recipient and identity with this passphrase, which
// is used byte for byte and copied. The error is [ErrEmptyPassphrase].
func NewPassphrase(passphrase []byte) (*Passphrase, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return nil, ErrEmptyPassphrase
	}
	return &Passphrase{bytes.Clone(passphrase), WriterCost()}, nil
}

// StanzaType returns [format.TypePassphrase], the type of what Wrap returns: such a
// stanza must be the only one with the file key, which is to be known before the work.
func (p *Passphrase) StanzaType() format.StanzaType { return format.TypePassphrase }

// Wrap returns a stanza of type [format.TypePassphrase] that holds the file
// key. Every call has a fresh salt.
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

// Unwrap returns the file key in s. The error is [format.ErrNoMatch] when s is
// of another type, [ErrWrongPassphrase], which wraps that, or wraps
// [format.ErrHeader] when s asks for work that no writer may ask for.
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
	// GCM does not commit to its key: a crafted ciphertext could test many
	// passphrases at once. The commitment lets it test one.
	if subtle.ConstantTimeCompare(commit, wantCommit) != 1 {
		return nil, ErrWrongPassphrase
	}
	fileKey, err := aead.New(key).Open(nil, keyNonce, sealed, binding[:])
	if err != nil {
		return nil, &format.Error{Field: "passphrase stanza", Reason: "its sealed key was changed or is from another file", Kind: format.ErrHeader}
	}
	return (*format.FileKey)(fileKey), nil
}

// stretch returns the wrapping key and the commitment to it, 32 bytes each.
func (p *Passphrase) stretch(c Cost, salt []byte) (key *[aead.KeySize]byte, commit []byte) {
	out := argon2.IDKey(p.secret, salt, c.Time, c.Memory, c.Threads, 64)
	return (*[aead.KeySize]byte)(out), out[aead.KeySize:]
}

// keyNonce is zero: a wrapping key is fresh at every wrap and seals one message.
var keyNonce = make([]byte, aead.NonceSize)
