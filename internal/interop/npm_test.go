// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// unavailable skips a test whose other program is not there.
func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("PQENC_INTEROP_STRICT") != "" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

// node runs a script in testdata. JSON goes in and comes out.
func node(t *testing.T, script string, in, out any) {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("testdata", "node_modules", ".bin", "node"))
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		unavailable(t, `"npm ci" in testdata has not been run`, err)
	}
	stdin, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, script)
	cmd.Dir = "testdata"
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, stderr.Bytes())
	}
	if err := json.Unmarshal(stdout, out); err != nil {
		t.Fatalf("%s: %v in %s", script, err, stdout)
	}
}

// TestOpenSSL: the components are what their names say, in the one form in which
// OpenSSL writes them, and both halves of a signature verify with them.
func TestOpenSSL(t *testing.T) {
	id := testkit.Identity("alice")
	message := []byte("weights")
	sig, err := id.SigningKey().Sign("pqenc/v1/interop", message)
	if err != nil {
		t.Fatal(err)
	}
	type component struct {
		Name string `json:"name"`
		PEM  string `json:"pem"`
	}
	in := struct {
		Components []component `json:"components"`
		Message    []byte      `json:"message"`
		Ctx        string      `json:"ctx"`
		Signature  []byte      `json:"signature"`
	}{Message: message, Ctx: "pqenc/v1/interop", Signature: sig}
	for _, c := range id.Public().Components() {
		in.Components = append(in.Components, component{c.Name, string(c.PEM())})
	}
	var out struct {
		OpenSSL    string
		Components []struct {
			Type string
			DER  []byte
		}
		MLDSA, Ed25519 bool
	}
	node(t, "openssl.mjs", in, &out)
	if len(out.Components) != 4 {
		t.Fatalf("OpenSSL %s has %d components", out.OpenSSL, len(out.Components))
	}
	for i, c := range id.Public().Components() {
		if got := out.Components[i]; got.Type != strings.ToLower(c.Name) || !bytes.Equal(got.DER, c.DER) {
			t.Errorf("OpenSSL %s takes %s for %s, same DER %t", out.OpenSSL, c.Name, got.Type, bytes.Equal(got.DER, c.DER))
		}
	}
	if !out.MLDSA || !out.Ed25519 {
		t.Errorf("OpenSSL %s: ML-DSA-65 verifies %t, Ed25519 verifies %t", out.OpenSSL, out.MLDSA, out.Ed25519)
	}

	in.Signature = bytes.Clone(sig)
	in.Signature[0] ^= 1
	in.Signature[len(sig)-1] ^= 1
	if node(t, "openssl.mjs", in, &out); out.MLDSA || out.Ed25519 {
		t.Error("altered signatures verify, so that the script proves nothing")
	}
}

type noblePair struct {
	Public []byte
	PEM    string
}

// TestNoblePublicKey: noble makes the same public key of a private one.
func TestNoblePublicKey(t *testing.T) {
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	var theirs noblePair
	node(t, "noble.mjs", map[string][]byte{"seed": id.Seed()}, &theirs)
	if !bytes.Equal(theirs.Public, id.Recipient().Bytes()) {
		t.Error("noble makes another public key of the same private one")
	}
}

// TestNobleKeyImported: a key that noble made, completed to an identity, opens a
// file for its public key as noble wrote that.
func TestNobleKeyImported(t *testing.T) {
	var theirs noblePair
	node(t, "noble.mjs", struct{}{}, &theirs)
	to, err := recipient.NewHybridRecipient(theirs.Public)
	if err != nil {
		t.Fatal(err)
	}
	file := encrypt(t, to)
	hybrid, err := keyfile.ParseForeign([]byte(theirs.PEM))
	if err != nil {
		t.Fatal(err)
	}
	id, err := keyfile.Complete(hybrid, keyfile.Details{Name: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := keyfile.ParseIdentity(id.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	wantOpens(t, file, saved)
}

// TestNobleStanza: noble, and HPKE written for this test, find the file key in a
// stanza.
func TestNobleStanza(t *testing.T) {
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	fileKey, binding := new(format.FileKey), new(format.Binding)
	copy(fileKey[:], testkit.Contents(len(fileKey)))
	copy(binding[:], testkit.Contents(len(binding)))
	stanza, err := id.Recipient().Wrap(fileKey, binding)
	if err != nil {
		t.Fatal(err)
	}
	const encSize = 1120
	var out struct{ FileKey []byte }
	node(t, "noble.mjs", map[string][]byte{
		"seed": id.Seed(),
		"enc":  stanza.Body[:encSize],
		"ct":   stanza.Body[encSize:],
		"info": []byte("pqenc/v1/recipient"),
		"aad":  binding[:],
	}, &out)
	if !bytes.Equal(out.FileKey, fileKey[:]) {
		t.Error("noble finds another file key")
	}
}
