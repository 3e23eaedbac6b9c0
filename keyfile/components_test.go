// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

// TestComponents has crypto/x509 read what it knows. internal/interop does the same
// with OpenSSL, which knows all.
func TestComponents(t *testing.T) {
	public := alice().Public()
	raw := rawKeys(t, public.Marshal(), 1216, 1984)
	names := []string{"ML-KEM-768", "X25519", "ML-DSA-65", "Ed25519"}
	want := [][]byte{raw[0][:1184], raw[0][1184:], raw[1][:1952], raw[1][1952:]}
	all := public.Components()
	if len(all) != len(want) {
		t.Fatalf("%d components", len(all))
	}
	file := string(public.MarshalComponents())
	for i, c := range all {
		if c.Name != names[i] || !bytes.HasSuffix(c.DER, want[i]) || len(c.DER) > len(want[i])+22 {
			t.Errorf("%s: %d bytes of DER, want %s with %d of key", c.Name, len(c.DER), names[i], len(want[i]))
		}
		if !strings.Contains(file, "# "+c.Name+"\n"+string(c.PEM())) {
			t.Errorf("%s is not in the file", c.Name)
		}
		block, rest := pem.Decode(c.PEM())
		if block == nil || block.Type != "PUBLIC KEY" || !bytes.Equal(block.Bytes, c.DER) || len(rest) > 0 {
			t.Errorf("%s: the PEM has something else", c.Name)
		}
		key, err := x509.ParsePKIXPublicKey(c.DER)
		switch key := key.(type) {
		case ed25519.PublicKey:
			err = same(key, want[i])
		case *ecdh.PublicKey:
			err = same(key.Bytes(), want[i])
		case *mldsa.PublicKey:
			err = same(key.Bytes(), want[i])
		default:
			if c.Name == "ML-KEM-768" {
				err = nil // crypto/x509 does not know it
			}
		}
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if _, err := keyfile.ParsePublic([]byte(file)); !errors.Is(err, keyfile.ErrNotKey) ||
		!strings.Contains(err.Error(), "line 2 is a key of another algorithm, ML-KEM-768 (2.16.840.1.101.3.4.4.2)") {
		t.Errorf("the components taken for a key file: %v", err)
	}
}

func same(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return errors.New("another key")
	}
	return nil
}
