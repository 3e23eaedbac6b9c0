// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// oidXWing is id-XWing of draft-connolly-cfrg-xwing-kem, section 5.8.
var oidXWing = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 62253, 25722}

// The DER of an X-Wing key is one of these and the raw key: every length in it
// is fixed.
const (
	pkcs8Prefix = "3034" + // SEQUENCE of 52 bytes
		"020100" + // version 0
		"300d060b2b0601040183e62d81c87a" + // id-XWing, no parameters
		"0420" // OCTET STRING: the 32-byte seed follows
	spkiPrefix = "308204d4" + // SEQUENCE of 1236 bytes
		"300d060b2b0601040183e62d81c87a" + // id-XWing, no parameters
		"038204c100" // BIT STRING, no unused bits: the 1216-byte public key follows
)

// algorithm is an AlgorithmIdentifier whose parameters are absent.
type algorithm struct{ OID asn1.ObjectIdentifier }

// TestXWingPrivateKeyFile: the draft's example, encoding/asn1 and the constant
// prefix agree on PKCS#8 (RFC 5958).
func TestXWingPrivateKeyFile(t *testing.T) {
	example := readPEM(t, "xwing.priv", "PRIVATE KEY")
	seed := exampleSeed()
	made, err := asn1.Marshal(struct {
		Version    int
		Algorithm  algorithm
		PrivateKey []byte
	}{0, algorithm{oidXWing}, seed})
	checkKeyFile(t, example, made, err, pkcs8Prefix, seed)
}

// TestXWingPublicKeyFile: the same of SubjectPublicKeyInfo (RFC 5280), and the
// example's public key is that of the example's seed.
func TestXWingPublicKeyFile(t *testing.T) {
	example := readPEM(t, "xwing.pub", "PUBLIC KEY")
	publicKey := samePublicKey(t, 0, exampleSeed())
	made, err := asn1.Marshal(struct {
		Algorithm algorithm
		PublicKey asn1.BitString
	}{algorithm{oidXWing}, asn1.BitString{Bytes: publicKey, BitLength: 8 * len(publicKey)}})
	checkKeyFile(t, example, made, err, spkiPrefix, publicKey)
}

func checkKeyFile(t *testing.T, example, made []byte, err error, prefix string, raw []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(example, made) {
		t.Errorf("encoding/asn1 makes %x, the draft's example is %x", made, example)
	}
	if want := append(mustHex(t, prefix), raw...); !bytes.Equal(example, want) {
		t.Errorf("prefix and raw key are %x, the draft's example is %x", want, example)
	}
}

// exampleSeed is the private key of the draft's example: 00 01 .. 1f.
func exampleSeed() []byte {
	seed := make([]byte, xwingSeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	return seed
}

func readPEM(t *testing.T, name, label string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != label || len(block.Headers) != 0 || len(rest) != 0 {
		t.Fatalf("%s is not one %s block", name, label)
	}
	return block.Bytes
}
