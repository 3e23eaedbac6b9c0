// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
)

var algorithmIdentifier = pkix.AlgorithmIdentifier{
	Algorithm: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 6, 48},
}

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

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestHeadersAreASN1(t *testing.T) {
	key := GenerateKey()
	pkcs8 := mustMarshal(t, oneAsymmetricKey{
		Algorithm:  algorithmIdentifier,
		PrivateKey: key.Seed(),
	})
	if !bytes.Equal(MarshalPKCS8(key), pkcs8) {
		t.Errorf("MarshalPKCS8 differs from encoding/asn1, whose header is %x", pkcs8[:len(pkcs8)-SeedSize])
	}
	spki := mustMarshal(t, subjectPublicKeyInfo{
		Algorithm: algorithmIdentifier,
		PublicKey: asn1.BitString{Bytes: key.Public().Bytes(), BitLength: 8 * PublicKeySize},
	})
	if !bytes.Equal(MarshalSPKI(key.Public()), spki) {
		t.Errorf("MarshalSPKI differs from encoding/asn1, whose header is %x", spki[:len(spki)-PublicKeySize])
	}
}

func TestParseRoundTrip(t *testing.T) {
	key := GenerateKey()
	private, err := ParsePKCS8(MarshalPKCS8(key))
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParseSPKI(MarshalSPKI(key.Public()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(private.Seed(), key.Seed()) || !public.Equal(key.Public()) {
		t.Error("parsed keys differ")
	}
}

func TestParsePKCS8IsStrict(t *testing.T) {
	key := GenerateKey()
	good := MarshalPKCS8(key)
	bad := map[string][]byte{
		"version 1":  mustMarshal(t, oneAsymmetricKey{Version: 1, Algorithm: algorithmIdentifier, PrivateKey: key.Seed()}),
		"short seed": mustMarshal(t, oneAsymmetricKey{Algorithm: algorithmIdentifier, PrivateKey: key.Seed()[1:]}),
		"long seed":  mustMarshal(t, oneAsymmetricKey{Algorithm: algorithmIdentifier, PrivateKey: append(key.Seed(), 0)}),
		"NULL parameters": mustMarshal(t, oneAsymmetricKey{
			Algorithm:  pkix.AlgorithmIdentifier{Algorithm: algorithmIdentifier.Algorithm, Parameters: asn1.NullRawValue},
			PrivateKey: key.Seed(),
		}),
		"attributes": mustMarshal(t, oneAsymmetricKey{
			Algorithm: algorithmIdentifier, PrivateKey: key.Seed(),
			Attributes: asn1.RawValue{FullBytes: []byte{0xa0, 0}},
		}),
		"seed in two OCTET STRINGs": mustMarshal(t, oneAsymmetricKey{
			Algorithm: algorithmIdentifier, PrivateKey: mustMarshal(t, key.Seed()),
		}),
		"long form length": append([]byte{0x30, 0x81, 0x51}, good[2:]...),
		"public key":       MarshalSPKI(key.Public()),
	}
	testStrict(t, good, bad, func(der []byte) (any, error) {
		k, err := ParsePKCS8(der)
		if k == nil {
			return nil, err
		}
		return k, err
	})
}

func TestParseSPKIIsStrict(t *testing.T) {
	key := GenerateKey()
	good := MarshalSPKI(key.Public())
	raw := key.Public().Bytes()
	bad := map[string][]byte{
		"short key": mustMarshal(t, subjectPublicKeyInfo{algorithmIdentifier,
			asn1.BitString{Bytes: raw[1:], BitLength: 8 * len(raw[1:])}}),
		"unused bit": mustMarshal(t, subjectPublicKeyInfo{algorithmIdentifier,
			asn1.BitString{Bytes: raw, BitLength: 8*len(raw) - 1}}),
		"NULL parameters": mustMarshal(t, subjectPublicKeyInfo{
			pkix.AlgorithmIdentifier{Algorithm: algorithmIdentifier.Algorithm, Parameters: asn1.NullRawValue},
			asn1.BitString{Bytes: raw, BitLength: 8 * len(raw)}}),
		"ML-DSA-65 alone": mustMarshal(t, subjectPublicKeyInfo{
			pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 18}},
			asn1.BitString{Bytes: raw[:1952], BitLength: 8 * 1952}}),
		"long form length": append([]byte{0x30, 0x83, 0x00, 0x07, 0xd1}, good[4:]...),
		"private key":      MarshalPKCS8(key),
	}
	testStrict(t, good, bad, func(der []byte) (any, error) {
		k, err := ParseSPKI(der)
		if k == nil {
			return nil, err
		}
		return k, err
	})
}

// testStrict checks that parse takes good, and neither a bad one nor anything
// that differs from good in its length or in one bit of its header.
func testStrict(t *testing.T, good []byte, bad map[string][]byte, parse func([]byte) (any, error)) {
	t.Helper()
	if key, err := parse(good); key == nil || err != nil {
		t.Errorf("good key: %v", err)
	}
	bad["empty"] = nil
	bad["truncated"] = good[:len(good)-1]
	bad["trailing byte"] = append(bytes.Clone(good), 0)
	bad["twice"] = append(bytes.Clone(good), good...)
	for name, der := range bad {
		if key, err := parse(der); key != nil || !errors.Is(err, ErrMalformedKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	const headers = 19 // the shorter of the two
	for i := range 8 * headers {
		der := bytes.Clone(good)
		der[i/8] ^= 1 << (i % 8)
		if key, err := parse(der); key != nil || !errors.Is(err, ErrMalformedKey) {
			t.Errorf("bit %d flipped: %v", i, err)
		}
	}
}
