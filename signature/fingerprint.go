// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"crypto/sha256"
	"encoding/base64"
)

// Fingerprint names an identity: the SHA-256 of the DER of its two public keys,
// the one for encryption and the one for signing, one behind the other. It
// covers both, so that one person's encryption key and another's signing key
// are together nobody.
type Fingerprint [sha256.Size]byte

// String returns "SHA256:" and the fingerprint in base64 without padding, 50
// characters.
func (f Fingerprint) String() string {
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(f[:])
}
