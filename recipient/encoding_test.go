// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
)

var xwing = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 62253, 25722}}

type oneAsymmetricKey struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
	Attributes asn1.RawValue `asn1:"optional"`
}

type subjectPublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

func marshalASN1(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func bitString(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

func TestDERIsThatOfASN1(t *testing.T) {
	id := newIdentity(t)
	if want := marshalASN1(t, oneAsymmetricKey{Algorithm: xwing, PrivateKey: id.Seed()}); !bytes.Equal(id.MarshalPKCS8(), want) {
		t.Errorf("MarshalPKCS8 differs from encoding/asn1, whose prefix is %x", want[:len(want)-SeedSize])
	}
	to := id.Recipient()
	if want := marshalASN1(t, subjectPublicKeyInfo{xwing, bitString(to.Bytes())}); !bytes.Equal(to.MarshalSPKI(), want) {
		t.Errorf("MarshalSPKI differs from encoding/asn1, whose prefix is %x", want[:len(want)-PublicKeySize])
	}
}

func TestParsePKCS8(t *testing.T) {
	id := newIdentity(t)
	seed := id.Seed()
	parse := func(der []byte) (marshal func() []byte, err error) {
		parsed, err := ParsePKCS8(der)
		if parsed == nil {
			return nil, err
		}
		return parsed.MarshalPKCS8, err
	}
	withNull := pkix.AlgorithmIdentifier{Algorithm: xwing.Algorithm, Parameters: asn1.NullRawValue}
	testStrict(t, id.MarshalPKCS8(), SeedSize, parse, map[string][]byte{
		"version 1":         marshalASN1(t, oneAsymmetricKey{Version: 1, Algorithm: xwing, PrivateKey: seed}),
		"NULL parameters":   marshalASN1(t, oneAsymmetricKey{Algorithm: withNull, PrivateKey: seed}),
		"short seed":        marshalASN1(t, oneAsymmetricKey{Algorithm: xwing, PrivateKey: seed[1:]}),
		"long seed":         marshalASN1(t, oneAsymmetricKey{Algorithm: xwing, PrivateKey: append(seed[:32:32], 0)}),
		"two OCTET STRINGs": marshalASN1(t, oneAsymmetricKey{Algorithm: xwing, PrivateKey: marshalASN1(t, seed)}),
		"attributes": marshalASN1(t, oneAsymmetricKey{
			Algorithm: xwing, PrivateKey: seed, Attributes: asn1.RawValue{FullBytes: []byte{0xa0, 0}},
		}),
		"long form length": append([]byte{0x30, 0x81, 0x34}, id.MarshalPKCS8()[2:]...),
		"public key":       id.Recipient().MarshalSPKI(),
		"seed alone":       seed,
	})
}

func TestParseSPKI(t *testing.T) {
	id := newIdentity(t)
	to := id.Recipient()
	key := to.Bytes()
	parse := func(der []byte) (marshal func() []byte, err error) {
		parsed, err := ParseSPKI(der)
		if parsed == nil {
			return nil, err
		}
		return parsed.MarshalSPKI, err
	}
	withNull := pkix.AlgorithmIdentifier{Algorithm: xwing.Algorithm, Parameters: asn1.NullRawValue}
	testStrict(t, to.MarshalSPKI(), PublicKeySize, parse, map[string][]byte{
		"NULL parameters":  marshalASN1(t, subjectPublicKeyInfo{withNull, bitString(key)}),
		"short key":        marshalASN1(t, subjectPublicKeyInfo{xwing, bitString(key[1:])}),
		"long key":         marshalASN1(t, subjectPublicKeyInfo{xwing, bitString(append(key[:PublicKeySize:PublicKeySize], 0))}),
		"unused bit":       marshalASN1(t, subjectPublicKeyInfo{xwing, asn1.BitString{Bytes: key, BitLength: 8*len(key) - 1}}),
		"long form length": append([]byte{0x30, 0x83, 0x00, 0x04, 0xd4}, to.MarshalSPKI()[4:]...),
		"private key":      id.MarshalPKCS8(),
		"key alone":        key,
	})
}

// testStrict checks that parse takes good and gives it back, and takes nothing
// else: not what is in bad, no other length and no other prefix of the raw key.
func testStrict(t *testing.T, good []byte, rawSize int, parse func([]byte) (func() []byte, error), bad map[string][]byte) {
	t.Helper()
	marshal, err := parse(good)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(marshal(), good) {
		t.Error("marshaling gives other bytes than were parsed")
	}
	refuse := func(what string, at int, der []byte) {
		if marshal, err := parse(der); marshal != nil || !errors.Is(err, ErrKey) {
			t.Errorf("%s (%d): key %t, error %v", what, at, marshal != nil, err)
		}
	}
	bad["trailing byte"] = append(bytes.Clone(good), 0)
	bad["twice"] = append(bytes.Clone(good), good...)
	for what, der := range bad {
		refuse(what, 0, der)
	}
	for n := range good {
		refuse("cut", n, good[:n])
	}
	for bit := range 8 * (len(good) - rawSize) {
		der := bytes.Clone(good)
		der[bit/8] ^= 1 << (bit % 8)
		refuse("bit flipped", bit, der)
	}
}
