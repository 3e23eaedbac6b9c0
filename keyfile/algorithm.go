// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
)

// Object identifiers of algorithms.
const (
	oidXWing     = "1.3.6.1.4.1.62253.25722"
	oidComposite = "1.3.6.1.5.5.7.6.48"

	oidMLKEM768 = "2.16.840.1.101.3.4.4.2"  // RFC 9935
	oidMLDSA65  = "2.16.840.1.101.3.4.3.18" // RFC 9881
	oidX25519   = "1.3.101.110"             // RFC 8410
	oidEd25519  = "1.3.101.112"             // RFC 8410
)

// algorithms are the usual names of the algorithms that PKCS#8 and
// SubjectPublicKeyInfo may have and pqenc does not support.
var algorithms = map[string]string{
	oidMLKEM768: "ML-KEM-768",
	oidMLDSA65:  "ML-DSA-65",
	oidX25519:   "X25519",
	oidEd25519:  "Ed25519",

	"1.2.840.113549.1.1.1":    "RSA",
	"1.2.840.113549.1.1.10":   "RSA-PSS",
	"1.2.840.113549.1.3.1":    "Diffie-Hellman",
	"1.2.840.10040.4.1":       "DSA",
	"1.2.840.10045.2.1":       "elliptic curve",
	"1.3.101.111":             "X448",
	"1.3.101.113":             "Ed448",
	"2.16.840.1.101.3.4.4.1":  "ML-KEM-512",
	"2.16.840.1.101.3.4.4.3":  "ML-KEM-1024",
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44",
	"2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

// foreign returns an error that names the algorithm of a key, in PKCS#8 or
// SubjectPublicKeyInfo, if it is neither of the two that pqenc uses. It returns nil if
// it is one of them, or if der is no such structure.
func foreign(der []byte, line int) error {
	oid := algorithmOf(der)
	if oid == "" || oid == oidXWing || oid == oidComposite {
		return nil
	}
	if name := algorithms[oid]; name != "" {
		oid = fmt.Sprintf("%s (%s)", name, oid)
	}
	return fmt.Errorf("%w: the block at line %d is a key of another algorithm, %s", ErrNotKey, line, oid)
}

// algorithmOf returns the object identifier in PKCS#8 (RFC 5958) or
// SubjectPublicKeyInfo (RFC 5280), empty if der is neither, or if the identifier is
// longer than any in use.
func algorithmOf(der []byte) string {
	type identifier struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	private := struct {
		Version   int
		Algorithm identifier
		Key       []byte
	}{}
	public := struct {
		Algorithm identifier
		Key       asn1.BitString
	}{}
	oid := asn1.ObjectIdentifier(nil)
	if _, err := asn1.Unmarshal(der, &private); err == nil {
		oid = private.Algorithm.OID
	} else if _, err := asn1.Unmarshal(der, &public); err == nil {
		oid = public.Algorithm.OID
	}
	const longest = 20
	if len(oid) > longest {
		return ""
	}
	return oid.String()
}

// parseOID returns one of the constants above.
func parseOID(dotted string) (oid asn1.ObjectIdentifier) {
	for arc := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil {
			panic("keyfile: internal error: " + err.Error())
		}
		oid = append(oid, n)
	}
	return oid
}
