// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
)

// secretSize is the size of a secret and of a share: the encoding of a scalar of Ristretto255.
const secretSize = 32

// A secret is what the masks of a client come from: the encoding of a random scalar that is not
// zero. A scalar can be shared, and its encoding is good input of a KDF: it has 252 bits.
type secret [secretSize]byte

// share is the value of the polynomial of a secret at a holder.
type share [secretSize]byte

// revealEntry is the size of what a client reveals about a dealer: index, kind, share.
const revealEntry = 2 + 1 + secretSize

// kind tells the two secrets of a client apart.
type kind uint8

const (
	maskKind kind = iota // what the masks between neighbours come from
	selfKind             // what the mask of its own comes from
)

func (k kind) String() string { return [...]string{"mask", "self"}[k] }

func newSecret() secret {
	return secret(encodeScalar(group.Ristretto255.RandomNonZeroScalar(rand.Reader)))
}

// encodeScalar cannot fail: every scalar of Ristretto255 has an encoding of 32 bytes.
func encodeScalar(s group.Scalar) []byte {
	b, err := s.MarshalBinary()
	if err != nil {
		panic("secagg: " + err.Error())
	}
	return b
}

func decodeScalar(b []byte) (group.Scalar, error) {
	s := group.Ristretto255.NewScalar()
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("%w: not a scalar", ErrShare)
	}
	return s, nil
}

// derive returns 32 bytes that depend on the secret, the label and the context:
// HKDF-SHA256 (RFC 5869) without salt.
func (s *secret) derive(label string, context ...[]byte) [32]byte {
	info := []byte(labelPrefix + label)
	for _, c := range context {
		info = append(info, c...)
	}
	key, err := hkdf.Key(sha256.New, s[:], nil, string(info), 32)
	if err != nil {
		panic("secagg: " + err.Error()) // only for lengths that HKDF does not have
	}
	return [32]byte(key)
}

// position is the point of a client in the sharing: its index in the roster, from 1.
func position(index int) group.Scalar {
	return group.Ristretto255.NewScalar().SetUint64(uint64(index) + 1)
}

// split shares a secret among the holders: any threshold of the shares give it back, fewer say
// nothing about it (Shamir 1979). The result is in the order of the holders, which must be
// distinct.
//
// There are no commitments to the polynomial in the exponent (Feldman, Pedersen): a quantum
// computer would read the secret from them.
func (s *secret) split(threshold int, holders []int) ([]share, error) {
	scalar, err := decodeScalar(s[:])
	if err != nil {
		return nil, err
	}
	sharing := secretsharing.New(rand.Reader, uint(threshold-1), scalar)
	shares := make([]share, len(holders))
	for i, h := range holders {
		shares[i] = share(encodeScalar(sharing.ShareWithID(position(h)).Value))
	}
	return shares, nil
}

// combine returns the secret that the shares of distinct holders give back. It does not notice
// wrong shares.
func combine(threshold int, shares map[int]share) (secret, error) {
	if len(shares) < threshold {
		return secret{}, fmt.Errorf("%w: %d of %d shares", ErrThreshold, len(shares), threshold)
	}
	var points []secretsharing.Share
	for _, holder := range slices.Sorted(maps.Keys(shares)) {
		s := shares[holder]
		value, err := decodeScalar(s[:])
		if err != nil {
			return secret{}, err
		}
		points = append(points, secretsharing.Share{ID: position(holder), Value: value})
	}
	scalar, err := secretsharing.Recover(uint(threshold-1), points)
	if err != nil {
		return secret{}, err
	}
	return secret(encodeScalar(scalar)), nil
}

// shareHash is what a dealer signs for each share, so that a wrong one has an author. A share is
// too random to be found from its hash.
func shareHash(roster digest, dealer, holder int, k kind, s share) digest {
	return hash("share", roster[:], index16(dealer), index16(holder), []byte{byte(k)}, s[:])
}

// selfCommitment is what a dealer signs about its self secret. What its shares give back must
// agree with it; the mask secret needs none, because its public key is in the advertisement.
func selfCommitment(roster digest, dealer int, self secret) digest {
	return hash("self-commitment", roster[:], index16(dealer), self[:])
}
