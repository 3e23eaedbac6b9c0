// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

func TestSizes(t *testing.T) {
	if SeedSize != 64 || PublicKeySize != 1984 || Size != 3373 {
		t.Errorf("sizes %d, %d, %d differ from the draft's table", SeedSize, PublicKeySize, Size)
	}
	key := GenerateKey()
	if n := len(key.Seed()); n != SeedSize {
		t.Errorf("seed of %d bytes", n)
	}
	if n := len(key.Public().Bytes()); n != PublicKeySize {
		t.Errorf("public key of %d bytes", n)
	}
	if n := len(mustSign(t, key, "ctx", nil)); n != Size {
		t.Errorf("signature of %d bytes", n)
	}
}

func mustSign(t testing.TB, key *PrivateKey, ctx string, message []byte) []byte {
	t.Helper()
	sig, err := key.Sign(ctx, message)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// mustParse returns the public key with these two halves.
func mustParse(t testing.TB, mldsa, ed []byte) *PublicKey {
	t.Helper()
	key, err := NewPublicKey(append(bytes.Clone(mldsa), ed...))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeysAreFreshAndReparse(t *testing.T) {
	a, b := GenerateKey(), GenerateKey()
	if a.Public().Equal(b.Public()) {
		t.Error("two generated keys are equal")
	}
	if bytes.Equal(a.Seed()[:32], a.Seed()[32:]) {
		t.Error("both halves have the same seed")
	}
	again, err := NewPrivateKey(a.Seed())
	if err != nil {
		t.Fatal(err)
	}
	if !again.Public().Equal(a.Public()) {
		t.Error("key made from the seed differs")
	}
}

// What comes in and goes out is copied: keys do not change.
func TestKeysDoNotAlias(t *testing.T) {
	key := GenerateKey()
	seed, raw := key.Seed(), key.Public().Bytes()
	private, err := NewPrivateKey(seed)
	if err != nil {
		t.Fatal(err)
	}
	public, err := NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{seed, raw, key.Seed(), key.Public().Bytes(), MarshalPKCS8(key), MarshalSPKI(public)} {
		clear(b)
	}
	if !public.Equal(key.Public()) || !bytes.Equal(private.Seed(), key.Seed()) {
		t.Error("a caller's slice changed a key")
	}
	if err := public.Verify("", nil, mustSign(t, private, "", nil)); err != nil {
		t.Error(err)
	}
}

func TestEqualComparesBothHalves(t *testing.T) {
	a, b := GenerateKey().Public().Bytes(), GenerateKey().Public().Bytes()
	key := mustParse(t, a[:1952], a[1952:])
	for name, other := range map[string]*PublicKey{
		"other ML-DSA half":  mustParse(t, b[:1952], a[1952:]),
		"other Ed25519 half": mustParse(t, a[:1952], b[1952:]),
	} {
		if key.Equal(other) || other.Equal(key) {
			t.Errorf("%s: equal", name)
		}
	}
	if !key.Equal(mustParse(t, a[:1952], a[1952:])) {
		t.Error("not equal to itself")
	}
}

func TestWrongLengths(t *testing.T) {
	key := GenerateKey()
	sig := mustSign(t, key, "", nil)
	for _, n := range []int{0, 32, SeedSize - 1, SeedSize + 1} {
		if k, err := NewPrivateKey(make([]byte, n)); k != nil || !errors.Is(err, ErrMalformedKey) {
			t.Errorf("seed of %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, 1952, PublicKeySize - 1, PublicKeySize + 1} {
		long := append(key.Public().Bytes(), 0)
		if k, err := NewPublicKey(long[:n]); k != nil || !errors.Is(err, ErrMalformedKey) {
			t.Errorf("public key of %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, 64, 3309, Size - 1, Size + 1} {
		if err := key.Public().Verify("", nil, append(sig, 0)[:n]); err != ErrInvalid {
			t.Errorf("signature of %d bytes: %v", n, err)
		}
	}
}

func TestContext(t *testing.T) {
	key := GenerateKey()
	message := []byte("message")
	longest := strings.Repeat("c", MaxContextSize)
	for _, ctx := range []string{"", "c", "pqenc/v1/opening", "\x00\xff", longest} {
		sig := mustSign(t, key, ctx, message)
		if err := key.Public().Verify(ctx, message, sig); err != nil {
			t.Errorf("context %.20q: %v", ctx, err)
		}
		if err := key.Public().Verify("pqenc/v1/closing", message, sig); err != ErrInvalid {
			t.Errorf("context %.20q verified under another: %v", ctx, err)
		}
	}
	if sig, err := key.Sign(longest+"c", message); sig != nil || err != ErrContextTooLong {
		t.Errorf("Sign, long context: %v", err)
	}
	if err := key.Public().Verify(longest+"c", message, make([]byte, Size)); err != ErrContextTooLong {
		t.Errorf("Verify, long context: %v", err)
	}
}

func TestTampering(t *testing.T) {
	key := GenerateKey()
	message := []byte("message")
	sig := mustSign(t, key, "ctx", message)
	// The borders of c, z and the hints of ML-DSA, then of R and S.
	for _, i := range []int{0, 47, 48, 3247, 3248, 3308, 3309, 3340, 3341, 3372} {
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		if err := key.Public().Verify("ctx", message, bad); err != ErrInvalid {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
	for name, half := range map[string][2]int{"ML-DSA": {0, 3309}, "Ed25519": {3309, Size}} {
		bad := bytes.Clone(sig)
		clear(bad[half[0]:half[1]])
		if err := key.Public().Verify("ctx", message, bad); err != ErrInvalid {
			t.Errorf("no %s half: %v", name, err)
		}
	}
	for _, other := range []string{"", "messag", "message\x00", "Message"} {
		if err := key.Public().Verify("ctx", []byte(other), sig); err != ErrInvalid {
			t.Errorf("message %q: %v", other, err)
		}
	}
}

// S plus the order of the group is the same as S to a careless verifier.
func TestMalleatedEd25519Half(t *testing.T) {
	key := GenerateKey()
	sig := mustSign(t, key, "", nil)
	order := []byte("\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10")
	carry := 0
	for i, s := range sig[3341:] {
		carry += int(s) + int(order[i])
		sig[3341+i], carry = byte(carry), carry>>8
	}
	if err := key.Public().Verify("", nil, sig); err != ErrInvalid {
		t.Errorf("S not reduced: %v", err)
	}
}

// Signatures of one message by two signers, in every mixture of keys and
// halves: only a signature by both halves of the key is valid.
func TestMixAndMatch(t *testing.T) {
	alice, bob := GenerateKey(), GenerateKey()
	a, b := alice.Public().Bytes(), bob.Public().Bytes()
	message := []byte("message")
	sigA, sigB := mustSign(t, alice, "", message), mustSign(t, bob, "", message)
	for _, keyHalves := range []string{"aa", "ab", "ba", "bb"} {
		for _, sigHalves := range []string{"aa", "ab", "ba", "bb"} {
			key := mustParse(t,
				pick(keyHalves[0], a[:1952], b[:1952]),
				pick(keyHalves[1], a[1952:], b[1952:]))
			sig := append(bytes.Clone(
				pick(sigHalves[0], sigA[:3309], sigB[:3309])),
				pick(sigHalves[1], sigA[3309:], sigB[3309:])...)
			valid := key.Verify("", message, sig) == nil
			if want := keyHalves == sigHalves; valid != want {
				t.Errorf("key %s, signature %s: valid %v, want %v", keyHalves, sigHalves, valid, want)
			}
		}
	}
}

func pick(who byte, a, b []byte) []byte {
	if who == 'a' {
		return a
	}
	return b
}

// These are the attacks in the package comment: the reason why messages name their signers. If one of them stops working, correct the
// comment.
func TestPublicKeyIsNotBound(t *testing.T) {
	alice, mallory := GenerateKey(), GenerateKey()
	message := []byte("message")
	sig := mustSign(t, alice, "ctx", message)
	mldsaKey, mldsaSig := alice.Public().Bytes()[:1952], sig[:3309]

	own := mustParse(t, mldsaKey, mallory.Public().Bytes()[1952:])
	edSig := ed25519.Sign(mallory.ed, representative("ctx", message))
	if err := own.Verify("ctx", message, append(bytes.Clone(mldsaSig), edSig...)); err != nil {
		t.Errorf("honest Ed25519 half: %v", err)
	}

	neutral := make([]byte, ed25519.PublicKeySize)
	neutral[0] = 1                                   // y = 1, x = 0
	free := append(neutral, make([]byte, 32)...)     // R = neutral element, S = 0
	degenerate := mustParse(t, mldsaKey, free[:32])  // signs everything in its Ed25519 half
	stolen := append(bytes.Clone(mldsaSig), free...) // and needs Alice for the other
	for _, m := range []string{"", "message", "other"} {
		if !ed25519.Verify(degenerate.ed(), []byte(m), free) {
			t.Errorf("neutral element does not verify %q", m)
		}
	}
	if err := degenerate.Verify("ctx", message, stolen); err != nil {
		t.Errorf("neutral element: %v", err)
	}
	if err := degenerate.Verify("ctx", []byte("other"), stolen); err != ErrInvalid {
		t.Errorf("neutral element, message never signed: %v", err)
	}
}

func TestSigningIsHedged(t *testing.T) {
	key := GenerateKey()
	a, b := mustSign(t, key, "ctx", nil), mustSign(t, key, "ctx", nil)
	if bytes.Equal(a[:3309], b[:3309]) {
		t.Error("ML-DSA half is deterministic")
	}
	if !bytes.Equal(a[3309:], b[3309:]) {
		t.Error("Ed25519 half is not deterministic")
	}
	deterministic := make([]byte, mldsa65.SignatureSize)
	m := representative("ctx", nil)
	if err := mldsa65.SignTo(key.mldsa, m, []byte(label), false, deterministic); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a[:3309], deterministic) || bytes.Equal(b[:3309], deterministic) {
		t.Error("ML-DSA half is the deterministic one")
	}
}

func TestConcurrentUse(t *testing.T) {
	key := GenerateKey()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			sig, err := key.Sign("ctx", []byte("message"))
			if err == nil {
				err = key.Public().Verify("ctx", []byte("message"), sig)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func BenchmarkSign(b *testing.B) {
	key := GenerateKey()
	message := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		mustSign(b, key, "pqenc/v1/opening", message)
	}
}

func BenchmarkVerify(b *testing.B) {
	key := GenerateKey()
	message := make([]byte, 256)
	sig := mustSign(b, key, "pqenc/v1/opening", message)
	b.ReportAllocs()
	for b.Loop() {
		if err := key.Public().Verify("pqenc/v1/opening", message, sig); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewPrivateKey(b *testing.B) {
	seed := GenerateKey().Seed()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewPrivateKey(seed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewPublicKey(b *testing.B) {
	raw := GenerateKey().Public().Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewPublicKey(raw); err != nil {
			b.Fatal(err)
		}
	}
}
