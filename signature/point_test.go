// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
)

var edgePoints = []struct {
	name, encoding string
	valid          bool
}{
	{"neutral element", "0100000000000000000000000000000000000000000000000000000000000000", true},
	{"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true},
	{"order 4", "0000000000000000000000000000000000000000000000000000000000000000", true},
	{"order 4, x odd", "0000000000000000000000000000000000000000000000000000000000000080", true},
	{"order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", true},
	{"order 8, x odd", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", true},
	{"base point", "5866666666666666666666666666666666666666666666666666666666666666", true},
	{"neutral element, x = 0 odd", "0100000000000000000000000000000000000000000000000000000000000080", false},
	{"order 2, x = 0 odd", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
	{"y = p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
	{"y = p, x odd", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
	{"y = p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
	{"y = 2^255 - 1", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
	{"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
	{"y = 2, off the curve", "0200000000000000000000000000000000000000000000000000000000000000", false},
}

func TestPublicKeyEdgePoints(t *testing.T) {
	raw := GenerateKey().Public().Bytes()
	for _, tt := range edgePoints {
		point, err := hex.DecodeString(tt.encoding)
		if err != nil {
			t.Fatal(err)
		}
		copy(raw[1952:], point)
		key, err := NewPublicKey(raw)
		if tt.valid != (err == nil) || tt.valid != (key != nil) {
			t.Errorf("%s: %v, want valid %v", tt.name, err, tt.valid)
		}
		if !tt.valid && !errors.Is(err, ErrMalformedKey) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// crypto/ed25519 takes non-canonical keys: this is why isPoint exists.
func TestStandardLibraryIsLenient(t *testing.T) {
	key, err := hex.DecodeString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, ed25519.SignatureSize)
	sig[0] = 1
	if !ed25519.Verify(key, nil, sig) {
		t.Error("y = p + 1 is no longer taken for the neutral element")
	}
}

// A random string is almost always canonical, and a point half of the time. crypto/ed25519
// distinguishes the two by its error.
func TestIsPointAgreesWithStandardLibrary(t *testing.T) {
	var sig [ed25519.SignatureSize]byte
	honest := GenerateKey().Public().ed()
	notVerified := ed25519.VerifyWithOptions(honest, nil, sig[:], &ed25519.Options{Hash: crypto.Hash(0)})
	points := 0
	for range 500 {
		var b [ed25519.PublicKeySize]byte
		rand.Read(b[:])
		err := ed25519.VerifyWithOptions(b[:], nil, sig[:], &ed25519.Options{Hash: crypto.Hash(0)})
		want := err.Error() == notVerified.Error()
		if got := isPoint(&b); got != want {
			t.Fatalf("isPoint(%x) = %v, crypto/ed25519: %v", b, got, err)
		}
		if want {
			points++
		}
	}
	if points == 0 || points == 500 {
		t.Errorf("%d points of 500 random strings", points)
	}
}
