// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"testing"
)

// crypto/mlkem knows a private key as its 64-byte seed only, so Wycheproof's
// mlkem_768_semi_expanded_decaps_test.json, on expanded keys, has nothing to
// be run against; nor have the expanded keys of the key generation vectors.

func TestMLKEMKeyGen(t *testing.T) {
	type vector struct {
		wycheproofCase
		Seed, EK hexBytes
	}
	eachVector(t, "mlkem_768_keygen_seed_test.json", func(_ struct{}, v vector) bool {
		dk, err := mlkem.NewDecapsulationKey768(v.Seed)
		if err != nil {
			t.Errorf("%d %s: %v", v.ID, v.Comment, err)
		} else if ek := dk.EncapsulationKey().Bytes(); !bytes.Equal(ek, v.EK) {
			t.Errorf("%d %s: encapsulation key %x, want %x", v.ID, v.Comment, ek, v.EK)
		}
		return true
	})
}

// TestMLKEMDecapsulate: a ciphertext of the right length always decapsulates,
// if altered then to the implicit-rejection secret. Keys and ciphertexts of
// another length are refused.
func TestMLKEMDecapsulate(t *testing.T) {
	type vector struct {
		wycheproofCase
		Seed, EK, C, K hexBytes
	}
	decapsulate := func(v vector) (ek, secret []byte, err error) {
		dk, err := mlkem.NewDecapsulationKey768(v.Seed)
		if err != nil {
			return nil, nil, err
		}
		secret, err = dk.Decapsulate(v.C)
		return dk.EncapsulationKey().Bytes(), secret, err
	}
	eachVector(t, "mlkem_768_test.json", func(_ struct{}, v vector) bool {
		ek, secret, err := decapsulate(v)
		switch {
		case !v.valid():
			if err == nil {
				t.Errorf("%d %s: decapsulated", v.ID, v.Comment)
			}
		case err != nil:
			t.Errorf("%d %s: %v", v.ID, v.Comment, err)
		case !bytes.Equal(ek, v.EK) || !bytes.Equal(secret, v.K):
			t.Errorf("%d %s: secret %x for key %x, want %x for %x", v.ID, v.Comment, secret, ek, v.K, v.EK)
		}
		return true
	})
}

// TestMLKEMEncapsulate: keys that fail the modulus check of FIPS 203, section
// 7.2, or have another length are refused, and the others encapsulate to the
// vector's ciphertext.
func TestMLKEMEncapsulate(t *testing.T) {
	type vector struct {
		wycheproofCase
		EK, M, C, K hexBytes
	}
	refused, agreed := 0, 0
	eachVector(t, "mlkem_768_encaps_test.json", func(_ struct{}, v vector) bool {
		ek, err := mlkem.NewEncapsulationKey768(v.EK)
		if (err == nil) != v.valid() {
			t.Errorf("%d %s: key check gives %v, want %s", v.ID, v.Comment, err, v.Result)
			return true
		}
		if err != nil {
			refused++
			return true
		}
		secret, c, err := mlkemtest.Encapsulate768(ek, v.M)
		if err != nil || !bytes.Equal(c, v.C) || !bytes.Equal(secret, v.K) {
			t.Errorf("%d %s: encapsulated to %x with secret %x (error: %v), want %x with %x",
				v.ID, v.Comment, c, secret, err, v.C, v.K)
		}
		agreed++
		return true
	})
	requireSome(t, "keys refused", refused)
	requireSome(t, "keys used", agreed)
}

type x25519Vector struct {
	wycheproofCase
	Public, Private, Shared hexBytes
}

// TestX25519: crypto/ecdh refuses every exchange whose secret would be zero and
// agrees on every other one, which leaves no "acceptable" vector to choice.
func TestX25519(t *testing.T) {
	refused, agreed := 0, 0
	eachVector(t, "x25519_test.json", func(_ struct{}, v x25519Vector) bool {
		shared, err := x25519(v.Private, v.Public)
		if v.has("LowOrderPublic") || v.has("ZeroSharedSecret") {
			refused++
			if err == nil {
				t.Errorf("%d %s: not refused", v.ID, v.Comment)
			}
			return true
		}
		agreed++
		if err != nil || !bytes.Equal(shared, v.Shared) {
			t.Errorf("%d %s: secret %x (error: %v), want %x", v.ID, v.Comment, shared, err, v.Shared)
		}
		return true
	})
	requireSome(t, "refused", refused)
	requireSome(t, "agreed", agreed)
}

func x25519(private, public []byte) ([]byte, error) {
	k, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	peer, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return k.ECDH(peer)
}
