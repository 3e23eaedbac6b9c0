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

// FingerprintPrefix is the start of every fingerprint as text: the name of the hash.
const FingerprintPrefix = "SHA256:"

// ErrFingerprint is returned for text that is not a fingerprint.
var ErrFingerprint = errors.New("not a fingerprint")

// Fingerprint names an identity: the SHA-256 of the DER of its two public keys, the
// encryption key followed by the signing key. It covers both, so that the encryption key
// of one person and the signing key of another one have a fingerprint of their own.
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
