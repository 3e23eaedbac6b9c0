// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import "bytes"

// The DER of a key is a constant prefix and the raw key, since the lengths are fixed
// and the algorithm, id-XWing (1.3.6.1.4.1.62253.25722), has no parameters
// (draft-connolly-cfrg-xwing-kem, section 5.8).
var (
	// OneAsymmetricKey (RFC 5958): version 0, algorithm, OCTET STRING of 32.
	pkcs8Prefix = []byte("\x30\x34\x02\x01\x00\x30\x0d\x06\x0b\x2b\x06\x01\x04\x01\x83\xe6\x2d\x81\xc8\x7a\x04\x20")
	// SubjectPublicKeyInfo (RFC 5280): algorithm, BIT STRING of 1216 bytes.
	spkiPrefix = []byte("\x30\x82\x04\xd4\x30\x0d\x06\x0b\x2b\x06\x01\x04\x01\x83\xe6\x2d\x81\xc8\x7a\x03\x82\x04\xc1\x00")
)

// MarshalPKCS8 returns the DER of the private key.
func (i *HybridIdentity) MarshalPKCS8() []byte {
	return append(bytes.Clone(pkcs8Prefix), i.Seed()...)
}

// ParsePKCS8 parses exactly what [HybridIdentity.MarshalPKCS8] returns. The error wraps
// [ErrKey].
func ParsePKCS8(der []byte) (*HybridIdentity, error) {
	seed, ok := bytes.CutPrefix(der, pkcs8Prefix)
	if !ok {
		return nil, ErrKey
	}
	return NewHybridIdentity(seed)
}

// MarshalSPKI returns the DER of the public key.
func (r *HybridRecipient) MarshalSPKI() []byte {
	return append(bytes.Clone(spkiPrefix), r.Bytes()...)
}

// ParseSPKI parses exactly what [HybridRecipient.MarshalSPKI] returns. The error wraps
// [ErrKey].
func ParseSPKI(der []byte) (*HybridRecipient, error) {
	key, ok := bytes.CutPrefix(der, spkiPrefix)
	if !ok {
		return nil, ErrKey
	}
	return NewHybridRecipient(key)
}
