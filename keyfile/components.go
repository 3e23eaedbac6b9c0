// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"encoding/asn1"
	"encoding/pem"
)

// Component is one of the four keys of standard algorithms that a [Public] is
// made of. Other programs know these, and few know the two compositions.
type Component struct {
	Name string // ML-KEM-768, X25519, ML-DSA-65 or Ed25519
	DER  []byte // SubjectPublicKeyInfo: RFC 9935, 8410, 9881 and 8410
}

// PEM returns the component as a PEM block.
func (c Component) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: c.DER})
}

// Components returns the keys that p is made of, for comparing with what another
// program has. They are not to be used on their own: a signature or a KEM of one
// of them is not what pqenc makes or accepts.
func (p *Public) Components() []Component {
	kem, sig := p.hybrid.Bytes(), p.signing.Bytes()
	const ecSize = 32 // X25519, Ed25519
	cut := func(key []byte) (pq, ec []byte) { return key[:len(key)-ecSize], key[len(key)-ecSize:] }
	mlkem, x25519 := cut(kem)
	mldsa, ed25519 := cut(sig)
	return []Component{
		component(oidMLKEM768, mlkem),
		component(oidX25519, x25519),
		component(oidMLDSA65, mldsa),
		component(oidEd25519, ed25519),
	}
}

// MarshalComponents returns the [Public.Components] as a file: PEM blocks, with
// the name of each in a comment above it.
func (p *Public) MarshalComponents() []byte {
	var out []byte
	for _, c := range p.Components() {
		out = append(out, "# "+c.Name+"\n"...)
		out = append(out, c.PEM()...)
	}
	return out
}

// component returns a key as SubjectPublicKeyInfo (RFC 5280). None of the
// algorithms has parameters.
func component(oid string, key []byte) Component {
	der, err := asn1.Marshal(struct {
		Algorithm struct{ OID asn1.ObjectIdentifier }
		Key       asn1.BitString
	}{
		struct{ OID asn1.ObjectIdentifier }{parseOID(oid)},
		asn1.BitString{Bytes: key, BitLength: 8 * len(key)},
	})
	if err != nil {
		panic("keyfile: internal error: " + err.Error())
	}
	return Component{algorithms[oid], der}
}
