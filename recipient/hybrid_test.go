// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// The key that the tests wrap, and its binding.
var (
	testFileKey = format.FileKey([]byte("a file key is 32 bytes of random"))
	testBinding = format.Binding([]byte("and its binding is P and then the salt: 44 b"))
)

func newIdentity(t testing.TB) *HybridIdentity {
	t.Helper()
	id, err := GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wrapper and unwrapper are pqenc's interfaces.
type (
	wrapper interface {
		Wrap(*format.FileKey, *format.Binding) (format.Stanza, error)
	}
	unwrapper interface {
		Unwrap(format.Stanza, *format.Binding) (*format.FileKey, error)
	}
)

func wrap(t testing.TB, to wrapper) format.Stanza {
	t.Helper()
	s, err := to.Wrap(&testFileKey, &testBinding)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantKey checks that id opens s, and to the right key.
func wantKey(t *testing.T, what string, id unwrapper, s format.Stanza) {
	t.Helper()
	key, err := id.Unwrap(s, &testBinding)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if *key != testFileKey {
		t.Errorf("%s: opened to another key", what)
	}
}

// wantError checks that id does not open s, for that reason.
func wantError(t *testing.T, what string, id unwrapper, s format.Stanza, b *format.Binding, want error) {
	t.Helper()
	key, err := id.Unwrap(s, b)
	if key != nil || !errors.Is(err, want) {
		t.Errorf("%s: key %t, error %v, want %v", what, key != nil, err, want)
	}
}

// flip returns s with one bit changed.
func flip(s format.Stanza, bit int) format.Stanza {
	s.Body = bytes.Clone(s.Body)
	s.Body[bit/8] ^= 1 << (bit % 8)
	return s
}

// eachWrongBinding calls do with bindings that differ from testBinding in one
// bit of a byte.
func eachWrongBinding(do func(b *format.Binding)) {
	for i := range testBinding {
		b := testBinding
		b[i] ^= 1 << (i % 8)
		do(&b)
	}
}

func TestHybrid(t *testing.T) {
	id := newIdentity(t)
	s := wrap(t, id.Recipient())
	if s.Type != format.TypeHybrid || len(s.Body) != format.HybridSize {
		t.Fatalf("a stanza of type %v with %d bytes", s.Type, len(s.Body))
	}
	wantKey(t, "own key", id, s)
	wantError(t, "another key", newIdentity(t), s, &testBinding, format.ErrNoMatch)
	eachWrongBinding(func(b *format.Binding) {
		wantError(t, "another binding", id, s, b, format.ErrNoMatch)
	})
	if again := wrap(t, id.Recipient()); bytes.Equal(again.Body[:encSize], s.Body[:encSize]) {
		t.Error("two wraps share their encapsulation")
	}
}

func TestHybridKeys(t *testing.T) {
	id := newIdentity(t)
	if len(id.Seed()) != SeedSize || len(id.Recipient().Bytes()) != PublicKeySize {
		t.Fatalf("seed of %d bytes, public key of %d", len(id.Seed()), len(id.Recipient().Bytes()))
	}
	same, err := NewHybridIdentity(id.Seed())
	if err != nil {
		t.Fatal(err)
	}
	to, err := NewHybridRecipient(id.Recipient().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	wantKey(t, "keys from bytes", same, wrap(t, to))
	id.Seed()[0] ^= 1
	id.Recipient().Bytes()[0] ^= 1
	wantKey(t, "after writing to what Seed and Bytes returned", id, wrap(t, id.Recipient()))

	for _, size := range []int{0, 1, SeedSize - 1, SeedSize + 1, 64, PublicKeySize - 1, PublicKeySize, PublicKeySize + 1} {
		b := make([]byte, size)
		if key, err := NewHybridIdentity(b); key != nil || !errors.Is(err, ErrKey) {
			t.Errorf("seed of %d bytes: %v", size, err)
		}
		if size == PublicKeySize {
			continue
		}
		if key, err := NewHybridRecipient(b); key != nil || !errors.Is(err, ErrKey) {
			t.Errorf("public key of %d bytes: %v", size, err)
		}
	}
}

func TestHybridEveryByteCounts(t *testing.T) {
	id := newIdentity(t)
	s := wrap(t, id.Recipient())
	for i := range s.Body {
		wantError(t, "changed", id, flip(s, 8*i+i%8), &testBinding, format.ErrNoMatch)
	}
	// X25519 ignores this bit. The KEM's hash does not.
	wantError(t, "high bit of the X25519 share", id, flip(s, 8*encSize-1), &testBinding, format.ErrNoMatch)
}

func TestHybridWrongStanza(t *testing.T) {
	id := newIdentity(t)
	good := wrap(t, id.Recipient())
	for _, kind := range []format.StanzaType{0, format.TypePassphrase, 3, 0x7fff, format.TypeSigner, 0xffff} {
		wantError(t, kind.String(), id, format.Stanza{Type: kind, Body: good.Body}, &testBinding, format.ErrNoMatch)
	}
	long := append(bytes.Clone(good.Body), 0)
	for _, body := range [][]byte{
		nil, long, long[:1], long[:encSize-1], long[:encSize], long[:encSize+1],
		long[:encSize+32], long[:format.HybridSize-1], make([]byte, format.HybridSize), make([]byte, 65535),
	} {
		s := format.Stanza{Type: format.TypeHybrid, Body: body}
		wantError(t, "another body", id, s, &testBinding, format.ErrNoMatch)
	}
}

// lowOrderPoints are all strings of 32 bytes that X25519 (RFC 7748) takes for a
// point whose order divides 8: five on the curve or its twist, two of them once
// more with the field's prime added, and all with the high bit, which is ignored.
func lowOrderPoints(t *testing.T) [][]byte {
	t.Helper()
	var points [][]byte
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // 0
		"0100000000000000000000000000000000000000000000000000000000000000", // 1
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", // order 8
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", // order 8
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, which is 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1, which is 1
	} {
		point, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		high := bytes.Clone(point)
		high[31] |= 0x80
		points = append(points, point, high)
	}
	return points
}

func TestLowOrderPointsAreSo(t *testing.T) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range lowOrderPoints(t) {
		public, err := ecdh.X25519().NewPublicKey(point)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := key.ECDH(public); err == nil {
			t.Errorf("%x is not of low order", point)
		}
	}
}

// With such a point in a public key nobody encrypts to ML-KEM alone.
func TestLowOrderPublicKey(t *testing.T) {
	public := newIdentity(t).Recipient().Bytes()
	for _, point := range lowOrderPoints(t) {
		to, err := NewHybridRecipient(append(public[:PublicKeySize-32:PublicKeySize-32], point...))
		if to != nil || !errors.Is(err, ErrKey) {
			t.Errorf("point %x: key %t, error %v", point, to != nil, err)
		}
	}
}

// An encapsulation key has 768 coefficients of 12 bits, and only those below
// 3329 are one (FIPS 203, section 7.2).
func TestNonCanonicalMLKEM(t *testing.T) {
	const q = 3329
	id := newIdentity(t)
	for i := range 768 {
		for _, c := range []struct {
			value int
			good  bool
		}{{0, true}, {q - 1, true}, {q, false}, {4095, false}} {
			public := id.Recipient().Bytes()
			setCoefficient(public, i, c.value)
			to, err := NewHybridRecipient(public)
			switch {
			case c.good && err != nil:
				t.Errorf("coefficient %d is %d: %v", i, c.value, err)
			case !c.good && (to != nil || !errors.Is(err, ErrKey)):
				t.Errorf("coefficient %d is %d: key %t, error %v", i, c.value, to != nil, err)
			}
		}
	}
}

// setCoefficient writes one of the packed 12-bit coefficients, low bits first.
func setCoefficient(b []byte, i, value int) {
	b = b[i/2*3:]
	if i%2 == 0 {
		b[0] = byte(value)
		b[1] = b[1]&0xf0 | byte(value>>8)
	} else {
		b[1] = b[1]&0x0f | byte(value<<4)
		b[2] = byte(value >> 4)
	}
}

// TestPointOfPublicKey refuses the X25519 halves that no owner could open files
// with, or that are other encodings of good ones.
func TestPointOfPublicKey(t *testing.T) {
	id, err := GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	good := id.Recipient().Bytes()
	with := func(low, middle, high byte) []byte {
		b := bytes.Clone(good)
		p := b[len(b)-32:]
		for i := range p {
			p[i] = middle
		}
		p[0], p[31] = low, high
		return b
	}
	for name, test := range map[string]struct {
		key  []byte
		want error
	}{
		"zero":                {with(0, 0, 0), ErrKey},
		"one":                 {with(1, 0, 0), ErrKey},
		"p-1":                 {with(0xec, 0xff, 0x7f), ErrKey},
		"p":                   {with(0xed, 0xff, 0x7f), ErrKey},
		"p+9, another 9":      {with(0xf6, 0xff, 0x7f), ErrKey},
		"9 with the high bit": {with(9, 0, 0x80), ErrKey},
		"9":                   {with(9, 0, 0), nil},
		"p-2":                 {with(0xeb, 0xff, 0x7f), nil},
		"high byte 7e":        {with(0xff, 0xff, 0x7e), nil},
		"middle byte fe":      {with(0xff, 0xfe, 0x7f), nil},
	} {
		if _, err := NewHybridRecipient(test.key); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}
