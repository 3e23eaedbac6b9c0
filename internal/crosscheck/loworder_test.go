// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/mlkem"
	"crypto/sha3"
	"testing"

	"github.com/cloudflare/circl/kem/xwing"
)

// TestLowOrderShare is why crypto/hpke is the library that pqenc decrypts with.
// An X25519 share of low order makes the X25519 secret zero for every recipient, and
// the X-Wing draft (-10) does not define the result. crypto/hpke refuses the share. circl
// (1.6.5) computes a secret that depends only on ML-KEM. If circl refuses it one day, this
// test fails, and that reason for the choice is gone.
func TestLowOrderShare(t *testing.T) {
	v := readVectors[xwingVector](t, "xwing.json")[0]
	for _, point := range lowOrderPoints(t) {
		enc := append(bytes.Clone(v.CT[:mlkem.CiphertextSize768]), point...)

		if _, err := goRecipient(enc, v.SK, recipientSuite, []byte(recipientInfo)); err == nil {
			t.Errorf("share %x: crypto/hpke accepts it", point)
		}
		if _, err := circlRecipient(enc, v.SK, recipientSuite, []byte(recipientInfo)); err != nil {
			t.Errorf("share %x: circl now refuses it too: %v", point, err)
		}
		if got, want := xwing.Decapsulate(enc, v.SK), mlkemOnlySecret(t, enc, v.SK, v.PK); !bytes.Equal(got, want) {
			t.Errorf("share %x: circl's secret is %x, want %x, that of ML-KEM alone", point, got, want)
		}
	}
}

// TestLowOrderRecipient is the sender's side: a public key with a share of low
// order.
func TestLowOrderRecipient(t *testing.T) {
	v := readVectors[xwingVector](t, "xwing.json")[0]
	for _, point := range lowOrderPoints(t) {
		pk := append(bytes.Clone(v.PK[:mlkem.EncapsulationKeySize768]), point...)
		if _, _, err := goSeal(pk, recipientSuite, nil, nil, nil); err == nil {
			t.Errorf("share %x: crypto/hpke seals to it", point)
		}
		if _, _, err := circlSeal(pk, recipientSuite, nil, nil, nil); err != nil {
			t.Errorf("share %x: circl now refuses it too: %v", point, err)
		}
	}
}

// mlkemOnlySecret is X-Wing's combiner with the X25519 secret at zero.
func mlkemOnlySecret(t *testing.T, enc, seed, publicKey []byte) []byte {
	t.Helper()
	expanded := sha3.SumSHAKE256(seed, 96)
	dk, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	mlkemSecret, err := dk.Decapsulate(enc[:mlkem.CiphertextSize768])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha3.Sum256(bytes.Join([][]byte{
		mlkemSecret, make([]byte, 32), enc[mlkem.CiphertextSize768:], publicKey[mlkem.EncapsulationKeySize768:], []byte(`\.//^\`),
	}, nil))
	return sum[:]
}

// lowOrderPoints returns the distinct public values that Wycheproof flags so,
// non-canonical encodings among them.
func lowOrderPoints(t *testing.T) [][]byte {
	t.Helper()
	seen := map[string]bool{}
	var points [][]byte
	eachVector(t, "x25519_test.json", func(_ struct{}, v x25519Vector) bool {
		if !v.has("LowOrderPublic") || seen[string(v.Public)] {
			return false
		}
		seen[string(v.Public)] = true
		points = append(points, v.Public)
		return true
	})
	return points
}
