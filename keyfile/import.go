// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"fmt"

	"github.com/pqenc/pqenc/recipient"
)

// Complete makes a new identity of an encryption key that another program made: it
// adds a signing key. Each call makes a different one, with its own fingerprint. It
// opens what was already encrypted to the encryption key.
func Complete(hybrid *recipient.HybridIdentity, d Details) (*Identity, error) {
	return generateFor(hybrid, d, nil)
}

// ParseForeign returns the encryption key alone that another program made, for
// [Complete]: an X-Wing key in one block of PKCS#8, or a post-quantum key of age.
// A complete identity is refused. Errors are those of [ParseIdentities].
func ParseForeign(data []byte) (*recipient.HybridIdentity, error) {
	blocks, err := parseBlocks(data, privateType)
	if IsAge(err) {
		return one(ParseAgeIdentities(data))
	}
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("%w: it has %d blocks instead of one encryption key", ErrNotKey, len(blocks))
	}
	hybrid, err := recipient.ParsePKCS8(blocks[0].contents)
	if err != nil {
		return nil, blocks[0].wrong("X-Wing private key")
	}
	return hybrid, nil
}
