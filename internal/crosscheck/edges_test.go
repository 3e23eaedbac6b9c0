// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mlkem"
	"crypto/sha3"
	"crypto/sha512"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	circled25519 "github.com/cloudflare/circl/sign/ed25519"
)

// Ed25519 points: the neutral element, the same encoded as y = p + 1, the same with the
// sign of x = 0 set, and a point of order 8.
const (
	neutralPoint     = "0100000000000000000000000000000000000000000000000000000000000000"
	neutralUnreduced = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	neutralNegative  = "0100000000000000000000000000000000000000000000000000000000000080"
	pointOrderEight  = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
	groupOrder       = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
)

// edEdges makes signatures of message by hand, with a private scalar and a nonce.
type edEdges struct {
	t       *testing.T
	message []byte
	a, r    *edwards25519.Scalar
}

func (e *edEdges) base(s *edwards25519.Scalar) *edwards25519.Point {
	return new(edwards25519.Point).ScalarBaseMult(s)
}

// shifted returns the encoding of p with a part of order 8.
func (e *edEdges) shifted(p *edwards25519.Point) []byte {
	torsion, err := new(edwards25519.Point).SetBytes(mustHex(e.t, pointOrderEight))
	if err != nil {
		e.t.Fatal(err)
	}
	return new(edwards25519.Point).Add(p, torsion).Bytes()
}

func (e *edEdges) scalar(wide []byte) *edwards25519.Scalar {
	s, err := edwards25519.NewScalar().SetUniformBytes(wide)
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

// challenge returns k, and the digest that it is the remainder of.
func (e *edEdges) challenge(public, R []byte) (k *edwards25519.Scalar, digest [64]byte) {
	digest = sha512.Sum512(slices.Concat(R, public, e.message))
	return e.scalar(digest[:]), digest
}

// sign returns R || r + k a.
func (e *edEdges) sign(public, R []byte, r *edwards25519.Scalar) []byte {
	k, _ := e.challenge(public, R)
	return append(bytes.Clone(R), k.MultiplyAdd(k, e.a, r).Bytes()...)
}

// mixed signs for a public key with a part of order 8. The equation holds without the
// cofactor exactly if the k in it is a multiple of 8: here the reduced k is, or the
// digest, and not the other one.
func (e *edEdges) mixed(public []byte, reduced bool) []byte {
	for n := byte(0); ; n++ {
		h := sha512.Sum512([]byte{n})
		r := e.scalar(h[:])
		R := e.base(r).Bytes()
		k, digest := e.challenge(public, R)
		if (k.Bytes()[0]&7 == 0) == reduced && (digest[0]&7 == 0) != reduced {
			return e.sign(public, R, r)
		}
	}
}

// TestEd25519Edges pins what SPEC.md, section 6.1, says of Ed25519 signatures, where
// implementations differ: the equation without the cofactor, k modulo L, S below L, R
// compared as bytes, and points of low order accepted.
func TestEd25519Edges(t *testing.T) {
	digest := sha512.Sum512([]byte("private"))
	e := &edEdges{t: t, message: []byte("round 17")}
	e.a, e.r = e.scalar(digest[:]), e.scalar(bytes.Repeat([]byte{7}, 64))
	public, zero := e.base(e.a).Bytes(), edwards25519.NewScalar()
	neutral, mixed := mustHex(t, neutralPoint), e.shifted(e.base(e.a))
	R := e.base(e.r).Bytes()
	unreduced := e.sign(public, R, e.r)
	addLittleEndian(unreduced[32:], mustHex(t, groupOrder))
	for _, test := range []struct {
		name        string
		public, sig []byte
		valid       bool
	}{
		{"an honest signature", public, e.sign(public, R, e.r), true},
		{"R of low order", public, e.sign(public, neutral, zero), true},
		{"R not canonical", public, e.sign(public, mustHex(t, neutralUnreduced), zero), false},
		{"R with the sign of x = 0", public, e.sign(public, mustHex(t, neutralNegative), zero), false},
		{"R with a part of order 8", public, e.sign(public, e.shifted(e.base(e.r)), e.r), false},
		{"S not reduced", public, unreduced, false},
		{"a key of low order", neutral, append(bytes.Clone(neutral), make([]byte, 32)...), true},
		{"a key of mixed order, k reduced", mixed, e.mixed(mixed, true), true},
		{"a key of mixed order, k not reduced", mixed, e.mixed(mixed, false), false},
	} {
		if got := ed25519.Verify(test.public, e.message, test.sig); got != test.valid {
			t.Errorf("%s: valid to crypto/ed25519 %t, want %t", test.name, got, test.valid)
		}
		if got := circled25519.Verify(test.public, e.message, test.sig); got != test.valid {
			t.Errorf("%s: valid to circl %t, want %t", test.name, got, test.valid)
		}
	}
}

func addLittleEndian(sum, b []byte) {
	carry := 0
	for i := range sum {
		carry += int(sum[i]) + int(b[i])
		sum[i], carry = byte(carry), carry>>8
	}
}

// TestX25519InEnc pins what SPEC.md, section 4.1, says of the X25519 point in enc: bit 255
// is ignored and the rest reduced by X25519, while the combiner takes the bytes as they are.
func TestX25519InEnc(t *testing.T) {
	v := readVectors[xwingVector](t, "xwing.json")[0]
	info, aad, plaintext := []byte(recipientInfo), make([]byte, aadSize), []byte("thirty-two bytes of file key....")
	highBit := bytes.Clone(v.CT)
	highBit[len(highBit)-1] |= 0x80
	unreduced := bytes.Clone(v.CT)
	copy(unreduced[mlkem.CiphertextSize768:], mustHex(t, "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))
	for name, enc := range map[string][]byte{"bit 255": highBit, "not canonical": unreduced} {
		sealed := sealWithSecret(t, xwingSecret(t, enc, v.SK, v.PK), info, aad, plaintext)
		for _, l := range []library{goLibrary, circlLibrary} {
			if got, err := l.open(enc, v.SK, recipientSuite, info, aad, sealed); err != nil || !bytes.Equal(got, plaintext) {
				t.Errorf("%s: %s does not open it: %v", name, l.name, err)
			}
		}
	}
	sealed := sealWithSecret(t, v.SS, info, aad, plaintext)
	for _, l := range []library{goLibrary, circlLibrary} {
		if _, err := l.open(highBit, v.SK, recipientSuite, info, aad, sealed); err == nil {
			t.Errorf("%s opens it when bit 255 was changed", l.name)
		}
	}
}

// xwingSecret is what the owner of seed gets out of enc, written out.
func xwingSecret(t *testing.T, enc, seed, publicKey []byte) []byte {
	t.Helper()
	expanded := sha3.SumSHAKE256(seed, 96)
	dk, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	ss, err := dk.Decapsulate(enc[:mlkem.CiphertextSize768])
	if err != nil {
		t.Fatal(err)
	}
	shared, err := x25519(expanded[mlkem.SeedSize:], enc[mlkem.CiphertextSize768:])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha3.Sum256(slices.Concat(ss, shared, enc[mlkem.CiphertextSize768:], publicKey[mlkem.EncapsulationKeySize768:], []byte(`\.//^\`)))
	return sum[:]
}
