// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

// TestForeignAlgorithms has keys of other programs, as crypto/x509 writes them: the
// error names the algorithm.
func TestForeignAlgorithms(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed25519Public, ed25519Private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for want, pair := range map[string]struct{ private, public any }{
		"RSA (1.2.840.113549.1.1.1)":         {rsaKey, &rsaKey.PublicKey},
		"elliptic curve (1.2.840.10045.2.1)": {ec, &ec.PublicKey},
		"Ed25519 (1.3.101.112)":              {ed25519Private, ed25519Public},
		"X25519 (1.3.101.110)":               {x25519, x25519.PublicKey()},
	} {
		private, err := x509.MarshalPKCS8PrivateKey(pair.private)
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.MarshalPKIXPublicKey(pair.public)
		if err != nil {
			t.Fatal(err)
		}
		wantAlgorithm(t, want, private, public)
	}
	// One without a name, with NULL for parameters, and with what RFC 5958 adds.
	unnamed := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3, 4}, Parameters: asn1.NullRawValue}
	private := derOf(t, struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
		Public    asn1.BitString `asn1:"tag:1"`
	}{1, unnamed, []byte("secret"), asn1.BitString{Bytes: []byte("public"), BitLength: 48}})
	public := derOf(t, struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{unnamed, asn1.BitString{Bytes: []byte("public"), BitLength: 48}})
	wantAlgorithm(t, "another algorithm, 1.2.3.4", private, public)
}

func derOf(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func wantAlgorithm(t *testing.T, want string, private, public []byte) {
	t.Helper()
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	pub := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	_, asIdentity := keyfile.ParseIdentity([]byte("# a key\n" + key))
	_, asForeign := keyfile.ParseForeign([]byte("# a key\n" + key))
	_, asPublic := keyfile.ParsePublic([]byte("# a key\n" + pub))
	for i, err := range []error{asIdentity, asForeign, asPublic} {
		if !errors.Is(err, keyfile.ErrNotKey) || !strings.Contains(err.Error(), "line 2") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%d: %v, want %s", i, err, want)
			continue
		}
		wantDiscreet(t, want, err, key+pub)
	}
}

// TestLongAlgorithm: the message does not contain an identifier of 100 KB.
func TestLongAlgorithm(t *testing.T) {
	long := pkix.AlgorithmIdentifier{Algorithm: slices.Repeat(asn1.ObjectIdentifier{1}, 30_000)}
	der := derOf(t, struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, long, make([]byte, 32)})
	_, err := keyfile.ParseIdentity(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if !errors.Is(err, keyfile.ErrNotKey) || len(err.Error()) > 200 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}
