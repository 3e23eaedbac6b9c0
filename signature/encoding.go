// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"fmt"
)

// The DER of a key is a constant header and the raw key, since both have a fixed
// length (draft section 5.1). The algorithm identifier is the OID without parameters.
const (
	// algorithm is the AlgorithmIdentifier.
	algorithm = "\x30\x0a" + // SEQUENCE of 10 bytes
		"\x06\x08\x2b\x06\x01\x05\x05\x07\x06\x30" // OID 1.3.6.1.5.5.7.6.48

	// pkcs8Header starts a OneAsymmetricKey (RFC 5958) of 83 bytes with
	// neither attributes nor public key.
	pkcs8Header = "\x30\x51" + // SEQUENCE of 81 bytes
		"\x02\x01\x00" + // version 0
		algorithm +
		"\x04\x40" // OCTET STRING of 64 bytes: the seed

	// spkiHeader starts a SubjectPublicKeyInfo (RFC 5280) of 2005 bytes.
	spkiHeader = "\x30\x82\x07\xd1" + // SEQUENCE of 2001 bytes
		algorithm +
		"\x03\x82\x07\xc1\x00" // BIT STRING of 1985 bytes, no unused bits: the public key
)

// MarshalPKCS8 returns k as a PKCS#8 private key in DER (RFC 5958), 83 bytes.
func MarshalPKCS8(k *PrivateKey) []byte {
	return append([]byte(pkcs8Header), k.seed[:]...)
}

// ParsePKCS8 parses exactly what [MarshalPKCS8] returns. For other encodings of the same key
// it also returns [ErrMalformedKey].
func ParsePKCS8(der []byte) (*PrivateKey, error) {
	seed, ok := bytes.CutPrefix(der, []byte(pkcs8Header))
	if !ok {
		return nil, fmt.Errorf("%w: not the PKCS#8 header of this algorithm", ErrMalformedKey)
	}
	return NewPrivateKey(seed)
}

// MarshalSPKI returns p as a SubjectPublicKeyInfo in DER (RFC 5280), 2005
// bytes.
func MarshalSPKI(p *PublicKey) []byte {
	return append([]byte(spkiHeader), p.raw...)
}

// ParseSPKI parses exactly what [MarshalSPKI] returns. For other encodings of the same key
// it also returns [ErrMalformedKey].
func ParseSPKI(der []byte) (*PublicKey, error) {
	raw, ok := bytes.CutPrefix(der, []byte(spkiHeader))
	if !ok {
		return nil, fmt.Errorf("%w: not the SubjectPublicKeyInfo header of this algorithm", ErrMalformedKey)
	}
	return NewPublicKey(raw)
}
