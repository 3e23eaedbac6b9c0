// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/crosscheck"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// This file makes the intermediate values of three vectors: NAME.values has those on the way
// to the contents of NAME.pqe.

// values are named byte strings, in the order in which a reader gets them.
type values struct {
	names []string
	by    map[string][]byte
}

func (v *values) add(name string, value []byte) {
	if v.by == nil {
		v.by = make(map[string][]byte)
	}
	v.names = append(v.names, name)
	v.by[name] = value
}

// marshal returns lines of "name: value" in hexadecimal.
func (v *values) marshal() []byte {
	var b bytes.Buffer
	for _, name := range v.names {
		fmt.Fprintf(&b, "%s: %x\n", name, v.by[name])
	}
	return b.Bytes()
}

// spec returns some values as SPEC.md shows them.
func (v *values) spec(width int, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "    %-*s %x\n", width, name, v.by[name])
	}
	return b.String()
}

// allValues returns the values of the vectors that have some, by the names of the vectors.
func allValues() map[string]*values {
	return map[string]*values{"one-byte": hybridValues(), "passphrase": passphraseValues(), "signed": signedValues()}
}

func hybridValues() *values {
	f := newFile("one-byte")
	toAlice(1)(f)
	v, body := new(values), f.stanzas[4:]
	s := secretsOf(alice, body[:1120])
	v.add("seed", alice)
	v.add("binding", f.aad())
	v.add("ss_M", s.mlkem)
	v.add("ss_X", s.x25519)
	v.add("ss", s.shared)
	v.add("context", crosscheck.KeyScheduleContext(2, []byte("pqenc/v1/recipient")))
	v.add("key", s.key)
	v.add("nonce", s.nonce)
	v.addSchedule(f)
	return v
}

func passphraseValues() *values {
	f := newFile("passphrase")
	withPassphrase(cheap)(f)
	v, body := new(values), f.stanzas[4:]
	salt := body[9:25]
	out := argon2.IDKey([]byte("correct horse"), salt, cheap.t, cheap.m, cheap.p, 64)
	v.add("passphrase", []byte("correct horse"))
	v.add("binding", f.aad())
	v.add("salt2", salt)
	v.add("wrapKey", out[:32])
	v.add("pcommit", out[32:])
	v.addSchedule(f)
	return v
}

func signedValues() *values {
	f := newFile("signed")
	signed(5)(f)
	v := new(values)
	v.addSchedule(f)
	v.add("K_signer", f.expand("signer", 32))
	v.add("K_trailer", f.expand("trailer", 32))
	v.add("fileID", f.id())
	v.add("fields", f.fields)
	v.add("opening", f.openingMessage())
	v.add("m1", representative("pqenc/v1/opening", f.openingMessage()))
	v.add("sig1", f.openingBy(bobID))
	v.add("h(0)", f.digests())
	content, opening := sha256.Sum256(f.digests()), sha256.Sum256(f.openingMessage())
	v.add("contentDigest", content[:])
	v.add("SHA-256(opening)", opening[:])
	v.add("closing", f.closingMessage())
	v.add("m2", representative("pqenc/v1/closing", f.closingMessage()))
	v.add("sig2", f.closingBy(bobID))
	return v
}

// addSchedule adds the key schedule of SPEC.md, section 3.3.
func (v *values) addSchedule(f *file) {
	prk, err := hkdf.Extract(sha256.New, f.fileKey, f.salt)
	must(err)
	payload := f.expand("payload", 39)
	v.add("fileKey", f.fileKey)
	v.add("PRK", prk)
	v.add("K_payload", payload[:32])
	v.add("N7", payload[32:])
	v.add("K_mac", f.expand("header-mac", 32))
	v.add("commit", f.expand("commit", 32))
}

// TestValues checks the values with the committed vectors and with the implementation.
func TestValues(t *testing.T) {
	for name, v := range allValues() {
		data, err := os.ReadFile("../../testdata/vectors/" + name + ".pqe")
		if err != nil {
			t.Fatal(err)
		}
		vector, err := parse(data)
		if err != nil {
			t.Fatal(err)
		}
		header, err := format.Parse(bytes.NewReader(vector.File))
		if err != nil {
			t.Fatal(err)
		}
		keys := header.DeriveKeys((*format.FileKey)(v.by["fileKey"]))
		if !header.Committed(keys) || header.Authenticate(keys) != nil {
			t.Errorf("%s: the file key is not that of the file", name)
		}
		testUnwrap(t, name, v, header)
		nonce := append(bytes.Clone(v.by["N7"]), 0, 0, 0, 0, 1) // of the only chunk
		sealed := vector.File[header.Size:]
		if header.Signed {
			sealed = sealed[:len(sealed)-trailerSize]
			testSignatures(t, v, sealed)
		}
		if _, err := gcm(v.by["K_payload"]).Open(nil, nonce, sealed, nil); err != nil {
			t.Errorf("%s: the body: %v", name, err)
		}
	}
}

// testUnwrap opens the key stanza with the values, and with package recipient.
func testUnwrap(t *testing.T, name string, v *values, header *format.Header) {
	var id interface {
		Unwrap(format.Stanza, *format.Binding) (*format.FileKey, error)
	}
	stanza := header.Stanzas[len(header.Stanzas)-1]
	ct := stanza.Body[len(stanza.Body)-48:]
	key, nonce := v.by["key"], v.by["nonce"]
	switch {
	case v.by["seed"] != nil:
		hybrid, err := recipient.NewHybridIdentity(v.by["seed"])
		must(err)
		id = hybrid
	case v.by["passphrase"] != nil:
		passphrase, err := recipient.NewPassphrase(v.by["passphrase"])
		must(err)
		id, key, nonce = passphrase, v.by["wrapKey"], make([]byte, 12)
	default:
		return
	}
	fileKey, err := id.Unwrap(stanza, header.Binding())
	if err != nil || !bytes.Equal(fileKey[:], v.by["fileKey"]) {
		t.Errorf("%s: the stanza holds another file key: %v", name, err)
	}
	opened, err := gcm(key).Open(nil, nonce, ct, v.by["binding"])
	if err != nil || !bytes.Equal(opened, v.by["fileKey"]) {
		t.Errorf("%s: the values do not open the stanza: %v", name, err)
	}
}

func testSignatures(t *testing.T, v *values, sealed []byte) {
	key, err := signature.NewPrivateKey(bobID[32:])
	must(err)
	if err := key.Public().Verify("pqenc/v1/opening", v.by["opening"], v.by["sig1"]); err != nil {
		t.Error("the opening signature:", err)
	}
	if err := key.Public().Verify("pqenc/v1/closing", v.by["closing"], v.by["sig2"]); err != nil {
		t.Error("the closing signature:", err)
	}
	if digest := sha256.Sum256(sealed); !bytes.Equal(v.by["h(0)"], digest[:]) {
		t.Error("the digest of the chunk is another one")
	}
}

// TestSpecValues compares the values in SPEC.md with those that are made.
func TestSpecValues(t *testing.T) {
	all := allValues()
	checkSpec(t, all["one-byte"].spec(13, "ss_M", "ss_X", "ss", "key", "nonce"))
	checkSpec(t, all["passphrase"].spec(13, "salt2", "wrapKey", "pcommit", "fileKey"))
	checkSpec(t, all["signed"].spec(16, "SHA-256(opening)", "h(0)", "contentDigest", "closing"))
	context := hex.EncodeToString(all["one-byte"].by["context"])
	checkSpec(t, context[:66]+"\n")
	checkSpec(t, context[66:]+"\n")
	lines := slices.Collect(slices.Chunk([]byte(hex.EncodeToString(all["signed"].by["opening"])), 64))
	checkSpec(t, "    opening          "+string(bytes.Join(lines, []byte("\n                     "))))
}
