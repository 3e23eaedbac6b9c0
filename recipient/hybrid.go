// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package recipient wraps the file key of a pqenc file for a post-quantum key pair
// ([HybridRecipient], [HybridIdentity]) or for a passphrase ([Passphrase]). It
// implements SPEC.md, section 4.
//
// Most programs use it through package keyfile, which reads and writes keys on disk.
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

// ErrKey is returned for bytes that are not a valid key of the expected kind.
var ErrKey = errors.New("not a valid key")

// hybridInfo separates this use of HPKE from all others.
const hybridInfo = "pqenc/v1/recipient"

// The HPKE suite (RFC 9180, draft-ietf-hpke-pq): KEM 0x647a, KDF 0x0001,
// AEAD 0x0002.
var (
	hybridKEM  = hpke.MLKEM768X25519()
	hybridKDF  = hpke.HKDFSHA256()
	hybridAEAD = hpke.AES256GCM()
)

// HybridRecipient wraps file keys for the owner of an X-Wing key pair. The file key
// is secret as long as X25519 or ML-KEM-768 is secure.
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
// of low order. [ecdh.PrivateKey.ECDH] detects low order.
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

// anyKey returns a fixed private key. Making one takes as long as using it.
var anyKey = sync.OnceValues(func() (*ecdh.PrivateKey, error) {
	return ecdh.X25519().NewPrivateKey(make([]byte, 32))
})

// canonicalPoint reports whether an X25519 point, little-endian, is below the
// prime 2^255 - 19. X25519 reduces the point, but X-Wing hashes it as it is: the
// owner could not open files that were encrypted to another encoding of the key.
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

// HybridIdentity is the private key that belongs to a [HybridRecipient].
type HybridIdentity struct {
	key hpke.PrivateKey
}

// GenerateHybrid generates a key pair.
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

// Recipient returns the public key.
func (i *HybridIdentity) Recipient() *HybridRecipient {
	return &HybridRecipient{i.key.PublicKey()}
}

// Unwrap returns the file key in s. The error is [format.ErrNoMatch] if s is for
// another recipient.
//
// A stanza that cannot be decapsulated, such as one with an X25519 point of low
// order, is no match either: after a hostile stanza, the other stanzas of the header
// must still be tried.
func (i *HybridIdentity) Unwrap(s format.Stanza, binding *format.Binding) (*format.FileKey, error) {
	if s.Type != format.TypeHybrid || len(s.Body) != format.HybridSize {
		return nil, format.ErrNoMatch
	}
	r, err := hpke.NewRecipient(s.Body[:encSize], i.key, hybridKDF, hybridAEAD, []byte(hybridInfo))
	if err != nil {
		return nil, format.ErrNoMatch
	}
	// ML-KEM rejects implicitly: a wrong private key gives another secret, and
	// Open fails.
	fileKey, err := r.Open(binding[:], s.Body[encSize:])
	if err != nil {
		return nil, format.ErrNoMatch
	}
	return (*format.FileKey)(fileKey), nil
}
