// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package recipient wraps the file key of a pqenc file for somebody: for a
// post-quantum key pair ([HybridRecipient], [HybridIdentity]) or for whoever
// knows a passphrase ([Passphrase]). This is SPEC.md, section 4.
//
// Most programs use these through keys on disk, in package keyfile.
package recipient

import (
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"sync"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/fips"
)

// Sizes in bytes of hybrid keys (draft-connolly-cfrg-xwing-kem).
const (
	// SeedSize is the size of a private key: the seed of the key pair.
	SeedSize = 32
	// PublicKeySize is the size of a public key: ML-KEM-768 encapsulation key
	// (1184) and X25519 point (32).
	PublicKeySize = 1216

	encSize = 1120 // encapsulated secret: ML-KEM-768 ciphertext (1088) and X25519 point (32)
)

// ErrKey says that bytes are not a key of the kind that was asked for.
var ErrKey = errors.New("not a valid key")

// hybridInfo separates this use of HPKE from any other.
const hybridInfo = "pqenc/v1/recipient"

// The HPKE suite (RFC 9180, draft-ietf-hpke-pq): KEM 0x647a, KDF 0x0001,
// AEAD 0x0002.
var (
	hybridKEM  = hpke.MLKEM768X25519()
	hybridKDF  = hpke.HKDFSHA256()
	hybridAEAD = hpke.AES256GCM()
)

// HybridRecipient wraps file keys for the owner of a key pair of the X-Wing
// hybrid KEM: secret as long as X25519 or ML-KEM-768 is.
type HybridRecipient struct {
	key hpke.PublicKey
}

// NewHybridRecipient returns the recipient with the given public key of
// [PublicKeySize] bytes. The error wraps [ErrKey].
func NewHybridRecipient(publicKey []byte) (*HybridRecipient, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	key, err := hybridKEM.NewPublicKey(publicKey)
	if err != nil || !usablePoint(publicKey[PublicKeySize-32:]) {
		return nil, ErrKey
	}
	return &HybridRecipient{key}, nil
}

// usablePoint reports whether the X25519 half of a public key is canonical and not
// of low order, which [ecdh.PrivateKey.ECDH] refuses.
func usablePoint(p []byte) bool {
	point, err := ecdh.X25519().NewPublicKey(p)
	if err != nil {
		return false
	}
	key, err := anyKey()
	if err != nil {
		return false
	}
	_, err = key.ECDH(point)
	return err == nil && canonicalPoint(p)
}

// anyKey returns some private key, whose making takes as long as its use.
var anyKey = sync.OnceValues(func() (*ecdh.PrivateKey, error) {
	return ecdh.X25519().NewPrivateKey(make([]byte, 32))
})

// canonicalPoint reports whether an X25519 point, little-endian, is below the
// prime 2^255 - 19. X25519 reduces it, while the KEM hashes it as it is: to
// another encoding of a key its owner would not match.
func canonicalPoint(p []byte) bool {
	if p[31] != 0x7f {
		return p[31] < 0x7f
	}
	for _, b := range p[1:31] {
		if b != 0xff {
			return true
		}
	}
	return p[0] < 0xed
}

// Bytes returns the public key, [PublicKeySize] bytes.
func (r *HybridRecipient) Bytes() []byte { return r.key.Bytes() }

// Wrap returns a stanza of type [format.TypeHybrid] that holds the file key.
func (r *HybridRecipient) Wrap(fileKey *format.FileKey, binding *format.Binding) (format.Stanza, error) {
	enc, sender, err := hpke.NewSender(r.key, hybridKDF, hybridAEAD, []byte(hybridInfo))
	if err != nil {
		return format.Stanza{}, err
	}
	sealed, err := sender.Seal(binding[:], fileKey[:])
	if err != nil {
		return format.Stanza{}, err
	}
	return format.Stanza{Type: format.TypeHybrid, Body: append(enc, sealed...)}, nil
}

// HybridIdentity is the private half of a [HybridRecipient].
type HybridIdentity struct {
	key hpke.PrivateKey
}

// GenerateHybrid makes a new key pair.
func GenerateHybrid() (*HybridIdentity, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	key, err := hybridKEM.GenerateKey()
	if err != nil {
		return nil, err
	}
	return &HybridIdentity{key}, nil
}

// NewHybridIdentity returns the identity with the given seed of [SeedSize]
// bytes. The error wraps [ErrKey].
func NewHybridIdentity(seed []byte) (*HybridIdentity, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	key, err := hybridKEM.NewPrivateKey(seed)
	if err != nil {
		return nil, ErrKey
	}
	return &HybridIdentity{key}, nil
}

// Seed returns the private key, [SeedSize] bytes.
func (i *HybridIdentity) Seed() []byte {
	seed, err := i.key.Bytes()
	if err != nil {
		panic("recipient: internal error: " + err.Error())
	}
	return seed
}

// Recipient returns the public half.
func (i *HybridIdentity) Recipient() *HybridRecipient {
	return &HybridRecipient{i.key.PublicKey()}
}

// Unwrap returns the file key in s. The error is [format.ErrNoMatch] when s is
// for somebody else.
//
// A stanza that cannot be decapsulated at all, such as one with an X25519 point
// of low order, is no match either: a hostile stanza must not keep the others
// in the header from being tried.
func (i *HybridIdentity) Unwrap(s format.Stanza, binding *format.Binding) (*format.FileKey, error) {
	if s.Type != format.TypeHybrid || len(s.Body) != format.HybridSize {
		return nil, format.ErrNoMatch
	}
	r, err := hpke.NewRecipient(s.Body[:encSize], i.key, hybridKDF, hybridAEAD, []byte(hybridInfo))
	if err != nil {
		return nil, format.ErrNoMatch
	}
	// ML-KEM rejects implicitly: the wrong private key gives some other
	// secret, and it is this tag that tells.
	fileKey, err := r.Open(binding[:], s.Body[encSize:])
	if err != nil {
		return nil, format.ErrNoMatch
	}
	return (*format.FileKey)(fileKey), nil
}
