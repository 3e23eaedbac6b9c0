// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/mlkem"
	"math/rand/v2"
	"testing"
)

// What the recipient stanza binds: the info string, and P || salt as aad.
const (
	recipientInfo = "pqenc/v1/recipient"
	aadSize       = 12 + 32
	fileKeySize   = 32
)

// interopKeys is how many key pairs the two libraries try on each other.
const interopKeys = 64

// TestInterop has each library open what the other sealed, and refuse it when
// anything at all is different. The keys come from a fixed seed, so that a
// failure can be repeated by its number; encapsulation draws its own
// randomness.
func TestInterop(t *testing.T) {
	source := rand.NewChaCha8([32]byte([]byte("pqenc crosscheck interop key seq")))
	draw := func(n int) []byte {
		b := make([]byte, n)
		source.Read(b) // never fails
		return b
	}
	for i := range interopKeys {
		m := message{
			seed:    draw(xwingSeedSize),
			info:    []byte(recipientInfo),
			aad:     draw(aadSize),
			fileKey: draw(fileKeySize),
		}
		stranger := draw(xwingSeedSize)
		publicKey := samePublicKey(t, i, m.seed)
		m.exchange(t, i, publicKey, stranger, goLibrary, circlLibrary)
		m.exchange(t, i, publicKey, stranger, circlLibrary, goLibrary)
	}
}

// samePublicKey checks that both libraries derive one public key from seed,
// and returns it.
func samePublicKey(t *testing.T, i int, seed []byte) []byte {
	t.Helper()
	fromGo, err := goPublicKey(seed)
	if err != nil {
		t.Fatalf("key %d: crypto/hpke: %v", i, err)
	}
	fromCircl, err := circlPublicKey(seed)
	if err != nil {
		t.Fatalf("key %d: circl: %v", i, err)
	}
	if !bytes.Equal(fromGo, fromCircl) {
		t.Fatalf("key %d: one seed, two public keys:\ncrypto/hpke %x\ncircl       %x", i, fromGo, fromCircl)
	}
	return fromGo
}

// message is one file key on its way to one recipient.
type message struct{ seed, info, aad, fileKey []byte }

func (m message) exchange(t *testing.T, i int, publicKey, stranger []byte, from, to library) {
	t.Helper()
	enc, ct, err := from.seal(publicKey, recipientSuite, m.info, m.aad, m.fileKey)
	if err != nil {
		t.Fatalf("key %d: %s does not seal: %v", i, from.name, err)
	}
	if len(enc) != xwingEncSize || len(ct) != fileKeySize+16 {
		t.Fatalf("key %d: %s: enc has %d bytes, ct %d", i, from.name, len(enc), len(ct))
	}
	got, err := to.open(enc, m.seed, recipientSuite, m.info, m.aad, ct)
	if err != nil {
		t.Fatalf("key %d: %s does not open what %s sealed: %v", i, to.name, from.name, err)
	}
	if !bytes.Equal(got, m.fileKey) {
		t.Fatalf("key %d: %s opened something else than %s sealed", i, to.name, from.name)
	}

	for _, wrong := range []struct {
		name                     string
		enc, seed, info, aad, ct []byte
	}{
		{"key", enc, stranger, m.info, m.aad, ct},
		{"info", enc, m.seed, []byte("pqenc/v2/recipient"), m.aad, ct},
		{"no info", enc, m.seed, nil, m.aad, ct},
		{"aad", enc, m.seed, m.info, flipBit(m.aad, i%aadSize), ct},
		{"no aad", enc, m.seed, m.info, nil, ct},
		{"ML-KEM ciphertext", flipBit(enc, i), m.seed, m.info, m.aad, ct},
		{"X25519 share", flipBit(enc, mlkem.CiphertextSize768+i%32), m.seed, m.info, m.aad, ct},
		{"short enc", enc[:len(enc)-1], m.seed, m.info, m.aad, ct},
		{"ciphertext", enc, m.seed, m.info, m.aad, flipBit(ct, i%len(ct))},
	} {
		if _, err := to.open(wrong.enc, wrong.seed, recipientSuite, wrong.info, wrong.aad, wrong.ct); err == nil {
			t.Errorf("key %d: %s to %s: opened in spite of wrong %s", i, from.name, to.name, wrong.name)
		}
	}
}
