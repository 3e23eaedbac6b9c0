// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"io"
	"strings"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
)

// The people of these tests.
func alice() *keyfile.Identity   { return testkit.Identity("alice") }
func mallory() *keyfile.Identity { return testkit.Identity("mallory") }

var (
	_ pqenc.Identity  = (*keyfile.Identity)(nil)
	_ pqenc.Recipient = (*keyfile.Public)(nil)
)

func TestEncryptAndDecrypt(t *testing.T) {
	id, err := keyfile.ParseIdentity(alice().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyfile.ParsePublic(alice().Public().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	file := encrypt(t, "weights", keys[0])
	for what, id := range map[string]*keyfile.Identity{"made": alice(), "parsed": id} {
		r, err := pqenc.Decrypt(bytes.NewReader(file), id)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if plain, err := io.ReadAll(r); string(plain) != "weights" || err != nil {
			t.Errorf("%s: %q, %v", what, plain, err)
		}
	}
	if _, err := pqenc.Decrypt(bytes.NewReader(file), mallory()); err != pqenc.ErrNoMatch {
		t.Errorf("Mallory: %v", err)
	}
}

func encrypt(t *testing.T, plain string, to ...pqenc.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestSignAndVerify(t *testing.T) {
	sig, err := alice().SigningKey().Sign("example.org/test", []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if err := alice().Public().VerificationKey().Verify("example.org/test", []byte("message"), sig); err != nil {
		t.Error(err)
	}
	if err := mallory().Public().VerificationKey().Verify("example.org/test", []byte("message"), sig); err == nil {
		t.Error("verified with another key")
	}
}

// TestFingerprint computes it as everybody can, from the PEM alone.
func TestFingerprint(t *testing.T) {
	first, rest := pem.Decode(alice().Public().Marshal())
	second, rest := pem.Decode(rest)
	if statement, rest := pem.Decode(rest); statement == nil || len(rest) != 0 {
		t.Fatalf("%d bytes after two keys and a statement", len(rest))
	}
	sum := sha256.Sum256(append(bytes.Clone(first.Bytes), second.Bytes...))
	want := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	if got := alice().Public().Fingerprint(); got != keyfile.Fingerprint(sum) || got.String() != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(want) != 50 || strings.ContainsRune(want, '=') {
		t.Errorf("%q does not have the documented form", want)
	}
	if alice().Public().Fingerprint() == mallory().Public().Fingerprint() {
		t.Error("Alice and Mallory have one fingerprint")
	}
}

// TestMixedKeys: Alice's encryption key with Mallory's signing key is a key, and
// it is nobody's.
func TestMixedKeys(t *testing.T) {
	_, a := blocks(alice().Public().Marshal())
	_, m := blocks(mallory().Public().Marshal())
	seen := make(map[keyfile.Fingerprint]bool)
	for _, pair := range []string{a[0] + a[1], a[0] + m[1], m[0] + a[1], m[0] + m[1]} {
		keys, err := keyfile.ParsePublic([]byte(pair))
		if err != nil {
			t.Fatal(err)
		}
		seen[keys[0].Fingerprint()] = true
	}
	if len(seen) != 4 {
		t.Errorf("4 pairs have %d fingerprints", len(seen))
	}
}

// blocks cuts a key file into its comment and its PEM blocks.
func blocks(file []byte) (comment string, blocks []string) {
	parts := strings.SplitAfter(string(file), "\n-----BEGIN ")
	comment = strings.TrimSuffix(parts[0], "-----BEGIN ")
	for _, part := range parts[1:] {
		blocks = append(blocks, "-----BEGIN "+strings.TrimSuffix(part, "-----BEGIN "))
	}
	return comment, blocks
}
