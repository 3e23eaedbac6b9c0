// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Prefixes of the post-quantum keys of age. Public keys are in lower case, private keys in
// upper case.
const (
	AgePublicPrefix  = "age1pq1"
	AgePrivatePrefix = "AGE-SECRET-KEY-PQ-1"
)

// ParseAgeRecipient parses a post-quantum public key of age. Its KEM is that of pqenc, so
// it can be used like any other. The error wraps [ErrKey] and quotes nothing of s.
//
// It accepts the keys that age 1.3 accepts, except those with an X25519 point for which
// nobody could decrypt; see [NewHybridRecipient].
func ParseAgeRecipient(s string) (*HybridRecipient, error) {
	key, err := decodeAge(s, AgePublicPrefix, PublicKeySize)
	if err != nil {
		return nil, err
	}
	return NewHybridRecipient(key)
}

// ParseAgeIdentity parses a post-quantum private key of age. The error wraps [ErrKey] and
// quotes nothing of s.
func ParseAgeIdentity(s string) (*HybridIdentity, error) {
	seed, err := decodeAge(s, AgePrivatePrefix, SeedSize)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return NewHybridIdentity(seed)
}

// decodeAge decodes a key of size bytes in Bech32 (BIP 173), without the limit of 90
// characters. The length is known and is checked first.
func decodeAge(s, prefix string, size int) ([]byte, error) {
	const checksum = 6
	digits := (8*size + 4) / 5 // of 5 bits each
	switch {
	case !strings.HasPrefix(s, prefix):
		return nil, fmt.Errorf("%w: it does not begin with %s", ErrKey, prefix)
	case len(s) != len(prefix)+digits+checksum:
		return nil, fmt.Errorf("%w: it has %d characters instead of %d", ErrKey, len(s), len(prefix)+digits+checksum)
	}
	hrp, values, version, err := bech32.DecodeNoLimitWithVersion(s)
	if mixed := (bech32.ErrMixedCase{}); errors.As(err, &mixed) {
		return nil, fmt.Errorf("%w: upper and lower case are mixed", ErrKey)
	}
	// The errors of the library quote characters of the key.
	if err != nil || version != bech32.Version0 || hrp != strings.ToLower(prefix[:len(prefix)-1]) {
		return nil, fmt.Errorf("%w: the checksum differs, or a character is wrong", ErrKey)
	}
	defer clear(values)
	key, err := bech32.ConvertBits(values, 5, 8, false)
	if err != nil || len(key) != size {
		return nil, fmt.Errorf("%w: the bits after its end are not zero", ErrKey)
	}
	return key, nil
}
