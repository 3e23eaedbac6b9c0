// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// FingerprintPrefix begins the text of every fingerprint: the hash that it is of.
const FingerprintPrefix = "SHA256:"

// ErrFingerprint is returned for a text that is not a fingerprint.
var ErrFingerprint = errors.New("not a fingerprint")

// Fingerprint names an identity: the SHA-256 of the DER of its two public keys,
// the one for encryption and the one for signing, one after the other. It
// covers both, so that one person's encryption key and another's signing key
// are together nobody.
type Fingerprint [sha256.Size]byte

// String returns "SHA256:" and the fingerprint in base64 without padding, 50
// characters.
func (f Fingerprint) String() string {
	return FingerprintPrefix + base64.RawStdEncoding.EncodeToString(f[:])
}

// ParseFingerprint parses what [Fingerprint.String] returns. The error is
// [ErrFingerprint], and quotes nothing of the text.
func ParseFingerprint(text string) (Fingerprint, error) {
	encoded, ok := strings.CutPrefix(text, FingerprintPrefix)
	raw, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(raw) != len(Fingerprint{}) {
		return Fingerprint{}, ErrFingerprint
	}
	return Fingerprint(raw), nil
}
