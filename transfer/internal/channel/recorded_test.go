// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

var updateLogin = flag.Bool("update", false, "record the login in transfer/testdata again")

const sessionsDir = "../../testdata/sessions"

// TestRecordedLogin verifies the proofs of the recorded login, whose binding is not that of
// a connection: see transfer/testdata/sessions/README.md.
func TestRecordedLogin(t *testing.T) {
	file := filepath.Join(sessionsDir, "login.txt")
	if *updateLogin {
		if err := os.WriteFile(file, recordLogin(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var binding []byte
	var proofs []*wire.Proof
	for text := range strings.Lines(string(content)) {
		fields := strings.Fields(text)
		switch {
		case len(fields) == 2 && fields[0] == "binding:":
			binding, err = hex.DecodeString(fields[1])
		case len(fields) == 4 && fields[3] != "-":
			var body []byte
			var proof *wire.Proof
			body, err = hex.DecodeString(fields[3])
			proof, err2 := wire.ParseProof(body)
			err = errors.Join(err, err2)
			proofs = append(proofs, proof)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(binding) != 32 || len(proofs) != 2 {
		t.Fatalf("a binding of %d bytes, and %d proofs", len(binding), len(proofs))
	}
	server, client := sha256.Sum256(proofs[0].Public), sha256.Sum256(proofs[1].Public)
	for _, line := range []string{
		fmt.Sprintf("server: %s\n", sessionKey(t, "server").Fingerprint()),
		fmt.Sprintf("client: %s\n", sessionKey(t, "alice").Fingerprint()),
	} {
		if !bytes.Contains(content, []byte(line)) {
			t.Errorf("it lacks %q", line)
		}
	}
	if server != sessionKey(t, "server").Fingerprint() || client != sessionKey(t, "alice").Fingerprint() {
		t.Error("the proofs are those of other keys")
	}
	if err := verify(proofs[0], serverContext, binding, server[:]); err != nil {
		t.Errorf("the server: %v", err)
	}
	if err := verify(proofs[1], clientContext, binding, server[:], client[:]); err != nil {
		t.Errorf("the client: %v", err)
	}
	binding[0] ^= 1
	if verify(proofs[0], serverContext, binding, server[:]) == nil {
		t.Error("the proof is good for another connection")
	}
}

func sessionKey(t *testing.T, who string) *keyfile.Identity {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sessionsDir, who+".key"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := keyfile.ParseIdentity(content)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func recordLogin(t *testing.T) []byte {
	binding := make([]byte, 32)
	for i := range binding {
		binding[i] = byte(i)
	}
	server, client := sessionKey(t, "server"), sessionKey(t, "alice")
	fpServer, fpClient := server.Fingerprint(), client.Fingerprint()
	var b bytes.Buffer
	fmt.Fprintf(&b, "comment: a login; the binding is made up\nbinding: %x\nserver: %s\nclient: %s\n\n", binding, fpServer, fpClient)
	proof := func(as wire.Type, from string, id *keyfile.Identity, context string, parts ...[]byte) {
		sig, err := id.SigningKey().Sign(context, bytes.Join(append([][]byte{binding}, parts...), nil))
		if err != nil {
			t.Fatal(err)
		}
		p := wire.Proof{Public: id.PublicDER(), Signature: sig}
		fmt.Fprintf(&b, "%s %02x 0 %x\n", from, byte(as), p.Marshal())
	}
	proof(wire.TypeServer, "S", server, serverContext, fpServer[:])
	proof(wire.TypeClient, "C", client, clientContext, fpServer[:], fpClient[:])
	fmt.Fprintf(&b, "S %02x 0 -\n", byte(wire.TypeAccept))
	return b.Bytes()
}
