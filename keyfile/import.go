// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"fmt"

	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// Complete returns an identity with the given encryption key and a new signing
// key. Each call makes another identity, with a fingerprint of its own.
func Complete(hybrid *recipient.HybridIdentity) (*Identity, error) {
	return newIdentity(hybrid, signature.GenerateKey()), nil
}

// ParseForeign returns the encryption key alone that another program made, for
// [Complete]: an X-Wing key in one block of PKCS#8, or a post-quantum key of age.
// Of several the error says how many there are.
func ParseForeign(data []byte) (*recipient.HybridIdentity, error) {
	blocks, err := parseBlocks(data, privateType)
	if IsAge(err) {
		keys, err := ParseAgeIdentities(data)
		if err != nil {
			return nil, err
		}
		if len(keys) != 1 {
			return nil, fmt.Errorf("%w: it has %d age keys, where one is needed", ErrNotKey, len(keys))
		}
		return keys[0], nil
	}
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("%w: it has %d keys instead of one encryption key", ErrNotKey, len(blocks))
	}
	hybrid, err := recipient.ParsePKCS8(blocks[0].der)
	if err != nil {
		return nil, blocks[0].wrong("X-Wing private key")
	}
	return hybrid, nil
}
