// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package signature implements a hybrid signature algorithm: the LAMPS composite
// id-MLDSA65-Ed25519-SHA512 (OID 1.3.6.1.5.5.7.6.48), specified in
// draft-ietf-lamps-pq-composite-sigs-19.
//
// A composite signature is an ML-DSA-65 signature (FIPS 204) and an Ed25519
// signature (RFC 8032) of the same bytes. It verifies only if both do: to forge
// one, both algorithms must be broken.
//
// # Messages must name their signer
//
// Neither half covers the public key of the other. So Mallory can take the ML-DSA
// half of a signature by Alice, add an Ed25519 signature of her own, and publish
// Alice's ML-DSA key with her own Ed25519 key as one composite public key: under
// that key, Alice's message verifies as Mallory's. Mallory may also use the neutral
// element of the curve as her Ed25519 key, which RFC 8032 and [crypto/ed25519]
// accept: then the neutral element for R with S = 0 is a valid Ed25519 signature of
// every message. The ML-DSA half covers its own key, and must still be a signature of
// the same message.
//
// So every message must name its signer by a fingerprint of the whole public key, and
// the reader must compare that with the key that verified the message.
//
// Signatures are not unique. Signing is randomized, and whoever breaks Ed25519 alone
// may turn a valid signature into another one of the same message. Do not use
// signatures as identifiers.
//
// # Ed25519
//
// Implementations differ in which Ed25519 signatures they accept. This package accepts
// what [crypto/ed25519] accepts: the equation without the cofactor, S below the group
// order, R compared as bytes; R and public keys may have low order. Public keys must
// be canonical. SPEC.md, section 6.1, requires just that.
package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// Sizes in bytes of the raw encodings (draft section 4). Each is the ML-DSA-65
// part followed by the Ed25519 part.
const (
	// SeedSize is the size of a private key: two seeds, 32 + 32 = 64.
	SeedSize = mldsa65.SeedSize + ed25519.SeedSize

	// PublicKeySize is the size of a public key: 1952 + 32 = 1984.
	PublicKeySize = mldsa65.PublicKeySize + ed25519.PublicKeySize

	// Size is the size of a signature: 3309 + 64 = 3373.
	Size = mldsa65.SignatureSize + ed25519.SignatureSize

	// MaxContextSize is the largest size of a context string: its length is
	// one byte.
	MaxContextSize = 255
)

var (
	// ErrInvalid is returned for a signature that is not valid for the public
	// key, the context and the message. It does not show which half failed.
	ErrInvalid = errors.New("invalid signature")

	// ErrMalformedKey is returned, wrapped, for bytes that do not encode a key.
	ErrMalformedKey = errors.New("malformed signature key")

	// ErrContextTooLong is returned for a context of more than
	// [MaxContextSize] bytes.
	ErrContextTooLong = errors.New("signature context too long")
)

const (
	// prefix starts the bytes of every composite signature (draft section 2.2).
	prefix = "CompositeAlgorithmSignatures2025"

	// label names this composite (draft section 6). It is part of the signed
	// bytes, and it is also the context string of the ML-DSA half.
	label = "COMPSIG-MLDSA65-Ed25519-SHA512"

	// hedged makes ML-DSA use fresh randomness for each signature, the default
	// of FIPS 204. It protects the key against fault attacks and power analysis.
	hedged = true
)

// PrivateKey is a composite private key, with both halves expanded. It is immutable
// and safe for concurrent use.
type PrivateKey struct {
	seed   [SeedSize]byte
	mldsa  *mldsa65.PrivateKey
	ed     ed25519.PrivateKey
	public *PublicKey
}

// GenerateKey generates a private key. Both halves are fresh, as the draft requires
// (section 3.1): a component key must not be used anywhere else.
func GenerateKey() *PrivateKey {
	var seed [SeedSize]byte
	rand.Read(seed[:]) // never fails
	return expand(&seed)
}

// NewPrivateKey returns the private key of a seed of [SeedSize] bytes: the
// ML-DSA-65 seed followed by the Ed25519 seed (draft section 4.2). Any other
// length is an [ErrMalformedKey].
func NewPrivateKey(seed []byte) (*PrivateKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("%w: private key of %d bytes, not %d", ErrMalformedKey, len(seed), SeedSize)
	}
	return expand((*[SeedSize]byte)(seed)), nil
}

// expand derives both key pairs. Every seed is valid.
func expand(seed *[SeedSize]byte) *PrivateKey {
	mldsaPublic, mldsaPrivate := mldsa65.NewKeyFromSeed((*[mldsa65.SeedSize]byte)(seed[:mldsa65.SeedSize]))
	edPrivate := ed25519.NewKeyFromSeed(seed[mldsa65.SeedSize:])
	edPublic := edPrivate.Public().(ed25519.PublicKey)
	return &PrivateKey{
		seed:   *seed,
		mldsa:  mldsaPrivate,
		ed:     edPrivate,
		public: &PublicKey{raw: append(mldsaPublic.Bytes(), edPublic...)},
	}
}

// Seed returns a copy of the [SeedSize] bytes that [NewPrivateKey] takes.
func (k *PrivateKey) Seed() []byte {
	return bytes.Clone(k.seed[:])
}

// Public returns the public key that belongs to k.
func (k *PrivateKey) Public() *PublicKey {
	return k.public
}

// Sign returns a signature of message under ctx, [Size] bytes (draft section 3.2).
// Each use of a key should have its own ctx, so that a signature for one use is not
// valid for another. Signing the same message twice gives different signatures. The
// message must name its signer: see the package comment. A ctx of more than
// [MaxContextSize] bytes is an [ErrContextTooLong].
func (k *PrivateKey) Sign(ctx string, message []byte) ([]byte, error) {
	if len(ctx) > MaxContextSize {
		return nil, ErrContextTooLong
	}
	m := representative(ctx, message)
	sig := make([]byte, mldsa65.SignatureSize, Size)
	if err := mldsa65.SignTo(k.mldsa, m, []byte(label), hedged, sig); err != nil {
		return nil, fmt.Errorf("sign with ML-DSA-65: %w", err)
	}
	return append(sig, ed25519.Sign(k.ed, m)...), nil
}

// PublicKey is a composite public key. It is immutable and safe for concurrent
// use.
type PublicKey struct {
	// raw is the encoding. The expanded ML-DSA half takes 46 KiB, so it is expanded
	// only to verify: programs may hold thousands of keys only to name their owners.
	raw []byte
}

// NewPublicKey parses a raw public key of [PublicKeySize] bytes: the ML-DSA-65
// key followed by the Ed25519 key (draft section 4.1). Another length, or an
// Ed25519 half that RFC 8032 section 5.1.3 does not decode, is an
// [ErrMalformedKey]. So every key has only one encoding. All bytes of the right
// length are a key of ML-DSA-65.
//
// A key that parses may be weak: whoever makes a key can make one for which others can
// sign, too.
func NewPublicKey(b []byte) (*PublicKey, error) {
	if len(b) != PublicKeySize {
		return nil, fmt.Errorf("%w: public key of %d bytes, not %d", ErrMalformedKey, len(b), PublicKeySize)
	}
	if !isPoint((*[ed25519.PublicKeySize]byte)(b[mldsa65.PublicKeySize:])) {
		return nil, fmt.Errorf("%w: Ed25519 half is no point of the curve or not canonical", ErrMalformedKey)
	}
	return &PublicKey{bytes.Clone(b)}, nil
}

// Bytes returns a copy of the [PublicKeySize] bytes that [NewPublicKey] takes.
func (p *PublicKey) Bytes() []byte {
	return bytes.Clone(p.raw)
}

func (p *PublicKey) ed() ed25519.PublicKey { return p.raw[mldsa65.PublicKeySize:] }

func (p *PublicKey) mldsa() *mldsa65.PublicKey {
	key := new(mldsa65.PublicKey)
	key.Unpack((*[mldsa65.PublicKeySize]byte)(p.raw))
	return key
}

// Equal reports whether p and other are the same key in both halves.
func (p *PublicKey) Equal(other *PublicKey) bool {
	return bytes.Equal(p.raw, other.raw)
}

// Verify returns nil if both halves of sig are signatures by p of message
// under ctx (draft section 3.3), [ErrContextTooLong] if no signature can have
// such a ctx, and [ErrInvalid] otherwise.
//
// The message must name its signer, and the caller must compare that name with p: see
// the package comment.
func (p *PublicKey) Verify(ctx string, message, sig []byte) error {
	if len(ctx) > MaxContextSize {
		return ErrContextTooLong
	}
	if len(sig) != Size {
		return ErrInvalid
	}
	m := representative(ctx, message)
	mldsaSig, edSig := sig[:mldsa65.SignatureSize], sig[mldsa65.SignatureSize:]
	if !mldsa65.Verify(p.mldsa(), m, []byte(label), mldsaSig) || !ed25519.Verify(p.ed(), m, edSig) {
		return ErrInvalid
	}
	return nil
}

// representative returns M', the bytes that both halves sign (draft section 2.2). The
// caller has checked the length of ctx.
func representative(ctx string, message []byte) []byte {
	digest := sha512.Sum512(message)
	m := make([]byte, 0, len(prefix)+len(label)+1+len(ctx)+len(digest))
	m = append(m, prefix...)
	m = append(m, label...)
	m = append(m, byte(len(ctx)))
	m = append(m, ctx...)
	return append(m, digest[:]...)
}
