// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"crypto/mlkem"
	"crypto/sha3"
	"crypto/sha512"
	"slices"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"golang.org/x/crypto/curve25519"

	"github.com/pqenc/pqenc/internal/crosscheck"
)

// This file makes signatures and encapsulations on which implementations of Ed25519 and
// X25519 differ. SPEC.md, sections 4.1 and 6.1, defines the result.

// secrets are the intermediate values of a hybrid stanza.
type secrets struct{ mlkem, x25519, shared, key, nonce []byte }

// secretsOf returns what the owner of seed gets out of enc. A point of low order gives zeros.
func secretsOf(seed, enc []byte) (s secrets) {
	expanded := sha3.SumSHAKE256(seed, 96)
	decapsulation, err := mlkem.NewDecapsulationKey768(expanded[:64])
	must(err)
	s.mlkem, err = decapsulation.Decapsulate(enc[:1088])
	must(err)
	point := enc[1088:]
	if s.x25519, err = curve25519.X25519(expanded[64:], point); err != nil {
		s.x25519 = make([]byte, 32)
	}
	own, err := curve25519.X25519(expanded[64:], curve25519.Basepoint)
	must(err)
	shared := sha3.Sum256(slices.Concat(s.mlkem, s.x25519, point, own, []byte(`\.//^\`)))
	s.shared = shared[:]
	s.key, s.nonce = crosscheck.KeySchedule(2, s.shared, []byte("pqenc/v1/recipient"))
	return s
}

// hybridWith returns the body of a stanza for the owner of seed whose X25519 point was
// changed before the key was sealed.
func (f *file) hybridWith(seed, key []byte, change func(point []byte)) []byte {
	enc := f.hybrid(seed, key)[:1120]
	change(enc[1088:])
	s := secretsOf(seed, enc)
	return append(enc, gcm(s.key).Seal(nil, s.nonce, key, f.aad())...)
}

// withPoint makes a file of 5 bytes with such a stanza for alice.
func withPoint(change func(point []byte)) func(*file) {
	return func(f *file) {
		f.stanza(1, f.hybridWith(alice, f.fileKey, change))
		f.body(text(5))
	}
}

// Encodings of points: of the neutral element, of the same as p + 1, of a point of order 8, and
// of u = p + 9 on the curve of X25519.
var (
	neutral          = unhex("0100000000000000000000000000000000000000000000000000000000000000")
	neutralUnreduced = unhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
	orderEight       = unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
	nineUnreduced    = unhex("f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
)

// edScalar returns the Ed25519 private scalar of an identity.
func edScalar(identity []byte) *edwards25519.Scalar {
	h := sha512.Sum512(identity[64:])
	a, err := edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	must(err)
	return a
}

// challenge returns k of RFC 8032, section 5.1.7, before and after its reduction.
func challenge(r, public, m []byte) (digest [64]byte, k *edwards25519.Scalar) {
	digest = sha512.Sum512(slices.Concat(r, public, m))
	k, err := edwards25519.NewScalar().SetUniformBytes(digest[:])
	must(err)
	return digest, k
}

func point(encoded []byte) *edwards25519.Point {
	p, err := new(edwards25519.Point).SetBytes(encoded)
	must(err)
	return p
}

// edPublic returns the Ed25519 public key of an identity.
func edPublic(identity []byte) []byte {
	return new(edwards25519.Point).ScalarBaseMult(edScalar(identity)).Bytes()
}

// edHalf makes the Ed25519 half of a signature.
type edHalf func(m []byte) []byte

// noNonce signs with r = 0, so that R is the neutral element, in this encoding.
func noNonce(by, encoded []byte) edHalf {
	return func(m []byte) []byte {
		_, k := challenge(encoded, edPublic(by), m)
		return append(slices.Clone(encoded), k.Multiply(k, edScalar(by)).Bytes()...)
	}
}

// nonceOf returns a nonce for a message.
func nonceOf(m []byte, n byte) *edwards25519.Scalar {
	h := sha512.Sum512(append([]byte{n}, m...))
	r, err := edwards25519.NewScalar().SetUniformBytes(h[:])
	must(err)
	return r
}

// shiftedNonce signs with a point of order 8 added to R: the equation holds only when both
// sides are multiplied by 8.
func shiftedNonce(by []byte) edHalf {
	return func(m []byte) []byte {
		r := nonceOf(m, 0)
		R := new(edwards25519.Point).ScalarBaseMult(r)
		encoded := R.Add(R, point(orderEight)).Bytes()
		_, k := challenge(encoded, edPublic(by), m)
		return append(encoded, k.MultiplyAdd(k, edScalar(by), r).Bytes()...)
	}
}

// unreduced signs with S + L.
func unreduced(by []byte) edHalf {
	return func(m []byte) []byte {
		r := nonceOf(m, 0)
		encoded := new(edwards25519.Point).ScalarBaseMult(r).Bytes()
		_, k := challenge(encoded, edPublic(by), m)
		s := k.MultiplyAdd(k, edScalar(by), r).Bytes()
		order := unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
		carry := 0
		for i := range s {
			carry += int(s[i]) + int(order[i])
			s[i], carry = byte(carry), carry>>8
		}
		return append(encoded, s...)
	}
}

// mixedKey is bob's Ed25519 key with a point of order 8 added.
func mixedKey() []byte {
	a := point(edPublic(bobID))
	return a.Add(a, point(orderEight)).Bytes()
}

// underMixedKey signs for mixedKey. The equation holds exactly when the k that is used is a
// multiple of 8: either the reduced one is and the digest is not, or the other way round.
func underMixedKey(reduced bool) edHalf {
	return func(m []byte) []byte {
		for n := byte(0); ; n++ {
			r := nonceOf(m, n)
			encoded := new(edwards25519.Point).ScalarBaseMult(r).Bytes()
			digest, k := challenge(encoded, mixedKey(), m)
			if (k.Bytes()[0]&7 == 0) == reduced && (digest[0]&7 == 0) != reduced {
				return append(encoded, k.MultiplyAdd(k, edScalar(bobID), r).Bytes()...)
			}
		}
	}
}

// zeros signs for the neutral element as a key: R is that too, and S is 0.
func zeros([]byte) []byte { return append(slices.Clone(neutral), make([]byte, 32)...) }

// signWith is sign with another Ed25519 half.
func signWith(by []byte, use string, message []byte, ed edHalf) []byte {
	m := representative(use, message)
	_, mldsa := mldsa65.NewKeyFromSeed((*[32]byte)(by[32:]))
	sig := make([]byte, 3309)
	must(mldsa65.SignTo(mldsa, m, []byte(compositeLabel), false, sig))
	return append(sig, ed(m)...)
}

// openedWith makes a file of 5 bytes that bob signs, whose opening has another Ed25519 half.
func openedWith(ed edHalf) func(*file) {
	return then(signed(5), func(f *file) { f.sealOpening(signWith(bobID, "pqenc/v1/opening", f.openingMessage(), ed)) })
}

// withEd returns the blocks of bob's public key with another Ed25519 half.
func withEd(public []byte) (encryption, signing []byte) {
	encryption, signing = ders(bobID)
	return encryption, append(signing[:len(signing)-32], public...)
}

// edKeyFile returns the public key file of such a key.
func edKeyFile(ed []byte) []byte {
	encryption, signing := withEd(ed)
	return []byte(pemBlock("PUBLIC KEY", encryption) + pemBlock("PUBLIC KEY", signing))
}

// signedUnder makes a file of 5 bytes that is signed by such a key.
func signedUnder(public []byte, ed edHalf) func(*file) {
	return func(f *file) {
		f.params[11] = 1
		f.fields = append(derFingerprint(withEd(public)), opening(bobID, "", aliceID)[32:]...)
		f.sealOpening(signWith(bobID, "pqenc/v1/opening", f.openingMessage(), ed))
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.body(text(5))
		f.sealClosing(signWith(bobID, "pqenc/v1/closing", f.closingMessage(), ed))
	}
}

// edgeSignatures are on what implementations of Ed25519 differ.
var edgeSignatures = []recipe{
	{name: "signed-ed25519-r-low-order", comment: "R in the Ed25519 half of the opening signature is the neutral element", released: 5, build: openedWith(noNonce(bobID, neutral))},
	{name: "signed-ed25519-key-low-order", comment: "the Ed25519 half of the signer's key is the neutral element", released: 5, from: anybody, fromFile: edKeyFile(neutral), build: signedUnder(neutral, zeros)},
	{name: "signed-ed25519-key-mixed-order", comment: "the Ed25519 half of the signer's key has a part of order 8; the equation holds without the cofactor, and k is reduced modulo L", released: 5,
		from: anybody, fromFile: edKeyFile(mixedKey()), build: signedUnder(mixedKey(), underMixedKey(true))},
	{name: "signature-ed25519-key-mixed-order", comment: "the same, and the equation holds with the cofactor only, or if k is not reduced", expect: Signature,
		from: anybody, fromFile: edKeyFile(mixedKey()), build: signedUnder(mixedKey(), underMixedKey(false))},
	{name: "signature-ed25519-cofactor", comment: "R has a part of order 8: the equation holds with the cofactor only", expect: Signature, build: openedWith(shiftedNonce(bobID))},
	{name: "signature-ed25519-r-not-canonical", comment: "R is the neutral element, encoded as y = p + 1", expect: Signature, build: openedWith(noNonce(bobID, neutralUnreduced))},
	{name: "signature-ed25519-s-not-reduced", comment: "S is larger by L, the order of the base point", expect: Signature, build: openedWith(unreduced(bobID))},
}

// edgePoints are on what implementations of X25519 differ.
var edgePoints = []recipe{
	{name: "x25519-bit-255", comment: "the sender set bit 255 of the X25519 point before the key was sealed", released: 5, build: withPoint(func(p []byte) { p[31] |= 0x80 })},
	{name: "x25519-not-canonical", comment: "the X25519 point is 2^255 - 10, which stands for 9", released: 5, build: withPoint(func(p []byte) { copy(p, nineUnreduced) })},
	{name: "no-match-x25519-bit-255", comment: "bit 255 of the X25519 point was set after the key was sealed", expect: NoMatch, build: toAlice(5), edit: func(b []byte) []byte {
		b[82+4+1119] |= 0x80
		return b
	}},
}

// edgeKeys are public key files on which implementations may differ.
func edgeKeys() []*KeyVector {
	encryption, signing := ders(bobID)
	file := func(at int, bytes []byte) string {
		changed := slices.Clone(encryption)
		copy(changed[24+at:], bytes)
		return pemBlock("PUBLIC KEY", changed) + pemBlock("PUBLIC KEY", signing)
	}
	highBit := slices.Clone(encryption[24+1184:])
	highBit[31] |= 0x80
	bad := refuse(false, NotKey, [][3]string{
		{"public-ed25519-not-canonical", "the Ed25519 half is the neutral element, encoded as y = p + 1", string(edKeyFile(neutralUnreduced))},
		{"public-ed25519-negative-zero", "the Ed25519 half is the neutral element with the sign of x = 0 set", string(edKeyFile(append(slices.Clone(neutral[:31]), 0x80)))},
		{"public-ed25519-no-point", "the Ed25519 half is no point of the curve: y = 2", string(edKeyFile(append([]byte{2}, neutral[1:]...)))},
		{"public-x25519-low-order", "the X25519 half is zero", file(1184, make([]byte, 32))},
		{"public-x25519-not-canonical", "the X25519 half is 2^255 - 10, which stands for 9", file(1184, nineUnreduced)},
		{"public-x25519-bit-255", "bit 255 of the X25519 half is set", file(1184, highBit)},
		{"public-ml-kem-not-reduced", "the first coefficient of the ML-KEM half is 4095, and q is 3329", file(0, []byte{0xff, 0xff})},
	})
	one := func(ed []byte) [][]Generation {
		return [][]Generation{{{Fingerprint: [32]byte(derFingerprint(withEd(ed))), Number: 1}}}
	}
	return append(bad,
		&KeyVector{Name: "public-ed25519-low-order", Comment: "the Ed25519 half is the neutral element", Identities: one(neutral), File: edKeyFile(neutral)},
		&KeyVector{Name: "public-ed25519-mixed-order", Comment: "the Ed25519 half has a part of order 8", Identities: one(mixedKey()), File: edKeyFile(mixedKey())})
}
