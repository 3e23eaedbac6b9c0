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
)

// ErrEmptyPassphrase says that a passphrase has no bytes.
var ErrEmptyPassphrase = errors.New("the passphrase is empty")

// Passphrase wraps and unwraps file keys with a passphrase that Argon2id
// (RFC 9106) stretches. It must be a file's only recipient.
type Passphrase struct {
	secret []byte
	cost   argonCost // of Wrap
}

// argonCost has the parameters of Argon2id.
type argonCost struct {
	time    uint32 // passes
	memory  uint32 // KiB
	threads uint8  // lanes
}

// defaultCost takes 256 MiB and about half a second. Every file says its own.
var defaultCost = argonCost{time: 3, memory: 256 << 10, threads: 4}

// NewPassphrase returns the recipient and identity with this passphrase, which
// is used byte for byte and copied. The error is [ErrEmptyPassphrase].
func NewPassphrase(passphrase []byte) (*Passphrase, error) {
	if len(passphrase) == 0 {
		return nil, ErrEmptyPassphrase
	}
	return &Passphrase{bytes.Clone(passphrase), defaultCost}, nil
}

// Wrap returns a stanza of type [format.TypePassphrase] that holds the file
// key. Every call has a fresh salt.
func (p *Passphrase) Wrap(fileKey *format.FileKey, binding *format.Binding) (format.Stanza, error) {
	var salt [16]byte
	rand.Read(salt[:])
	key, commit := p.stretch(p.cost, salt[:])
	b := make([]byte, 0, format.PassphraseSize)
	b = binary.BigEndian.AppendUint32(b, p.cost.time)
	b = binary.BigEndian.AppendUint32(b, p.cost.memory)
	b = append(b, p.cost.threads)
	b = append(b, salt[:]...)
	b = append(b, commit...)
	b = aead.New(key).Seal(b, keyNonce, fileKey[:], binding[:])
	return format.Stanza{Type: format.TypePassphrase, Body: b}, nil
}

// Unwrap returns the file key in s. The error is [format.ErrNoMatch] when s is
// of another type or the passphrase is wrong, and wraps [format.ErrHeader]
// when s asks for work that no writer may ask for.
func (p *Passphrase) Unwrap(s format.Stanza, binding *format.Binding) (*format.FileKey, error) {
	if s.Type != format.TypePassphrase || len(s.Body) != format.PassphraseSize {
		return nil, format.ErrNoMatch
	}
	cost := argonCost{
		time:    binary.BigEndian.Uint32(s.Body[0:]),
		memory:  binary.BigEndian.Uint32(s.Body[4:]),
		threads: s.Body[8],
	}
	if err := cost.check(); err != nil {
		return nil, err
	}
	salt, wantCommit, sealed := s.Body[9:25], s.Body[25:57], s.Body[57:]
	key, commit := p.stretch(cost, salt)
	// GCM does not commit to its key: a crafted ciphertext could test many
	// passphrases at once. The commitment lets it test one.
	if subtle.ConstantTimeCompare(commit, wantCommit) != 1 {
		return nil, format.ErrNoMatch
	}
	fileKey, err := aead.New(key).Open(nil, keyNonce, sealed, binding[:])
	if err != nil {
		return nil, &format.Error{Field: "passphrase stanza", Reason: "its sealed key was changed or is from another file", Kind: format.ErrHeader}
	}
	return (*format.FileKey)(fileKey), nil
}

// check bounds the work that a file can ask for, before any of it is done: 1 GiB,
// and about five times the work of the default. x/crypto panics on zeros, and
// silently raises the memory to 8 KiB a lane.
func (c argonCost) check() error {
	t, m, p := uint64(c.time), uint64(c.memory), uint64(c.threads)
	switch {
	case p < 1 || p > 16:
		return badCost("%d lanes are not in 1 to 16", p)
	case m < 8*p || m > 1<<20:
		return badCost("%d KiB of memory are not in %d to %d", m, 8*p, 1<<20)
	case t < 1 || t > 64:
		return badCost("%d passes are not in 1 to 64", t)
	case t*m > 1<<22:
		return badCost("%d passes over %d KiB are too much work", t, m)
	}
	return nil
}

func badCost(reason string, args ...any) error {
	return &format.Error{Field: "passphrase stanza", Reason: fmt.Sprintf(reason, args...), Kind: format.ErrHeader}
}

// stretch returns the wrapping key and the commitment to it, 32 bytes each.
func (p *Passphrase) stretch(c argonCost, salt []byte) (key *[aead.KeySize]byte, commit []byte) {
	out := argon2.IDKey(p.secret, salt, c.time, c.memory, c.threads, 64)
	return (*[aead.KeySize]byte)(out), out[aead.KeySize:]
}

// keyNonce is zero: a wrapping key is fresh at every wrap and seals one message.
var keyNonce = make([]byte, aead.NonceSize)
