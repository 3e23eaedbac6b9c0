// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/stream"
)

// TestSpecExample compares the example in SPEC.md with its vector.
func TestSpecExample(t *testing.T) {
	f := newFile("one-byte")
	toAlice(1)(f)
	b := f.bytes()
	var want strings.Builder
	show := func(name string, value []byte) { fmt.Fprintf(&want, "    %-13s %x\n", name, value) }
	field := func(from, to int, name string) {
		value := fmt.Sprintf("%x", b[from:to])
		if to-from > 32 {
			value = fmt.Sprintf("%x ... %x", b[from:from+13], b[to-13:to])
		}
		fmt.Fprintf(&want, "    %5d %5d  %-64s  %s\n", from, to-from, value, name)
	}
	field(0, 8, "magic")
	field(8, 9, "version")
	field(9, 10, "suite")
	field(10, 11, "chunk_log2")
	field(11, 12, "flags")
	field(12, 16, "header_len")
	field(16, 48, "salt")
	field(48, 80, "commit")
	field(80, 82, "stanza_count")
	field(82, 84, "stanza type")
	field(84, 86, "stanza length")
	field(86, 86+1120, "enc")
	field(86+1120, 86+1168, "ct")
	field(86+1168, 4096-32, "padding")
	field(4096-32, 4096, "mac")
	field(4096, len(b), "body: chunk 0, the last")
	checkSpec(t, want.String())
	checkSpec(t, "    "+strings.Split(string(armored(b)), "\n")[1]+"\n")

	want.Reset()
	prk, err := hkdf.Extract(sha256.New, f.fileKey, f.salt)
	must(err)
	payload := f.expand("payload", 39)
	show("fileKey", f.fileKey)
	show("salt", f.salt)
	show("P", f.params)
	show("PRK", prk)
	show("K_payload", payload[:32])
	show("N7", payload[32:])
	show("K_mac", f.expand("header-mac", 32))
	show("K_signer", f.expand("signer", 32))
	show("K_trailer", f.expand("trailer", 32))
	show("commit", f.commit)
	checkSpec(t, want.String())
}

// TestSpecKeyFiles compares the constants of key files in SPEC.md with the encodings.
func TestSpecKeyFiles(t *testing.T) {
	hybrid, err := recipient.NewHybridIdentity(alice)
	must(err)
	signing := signature.GenerateKey()
	var want strings.Builder
	for _, key := range []struct {
		name string
		der  []byte
		raw  int
	}{
		{"encryption, public", hybrid.Recipient().MarshalSPKI(), recipient.PublicKeySize},
		{"signing, public", signature.MarshalSPKI(signing.Public()), signature.PublicKeySize},
		{"encryption, private", hybrid.MarshalPKCS8(), recipient.SeedSize},
		{"signing, private", signature.MarshalPKCS8(signing), signature.SeedSize},
	} {
		fmt.Fprintf(&want, "    %-21s %x\n", key.name, key.der[:len(key.der)-key.raw])
	}
	checkSpec(t, want.String())
}

// TestSpecSizes compares the table of sizes in SPEC.md with computed sizes.
func TestSpecSizes(t *testing.T) {
	var want strings.Builder
	for _, row := range []struct {
		name string
		n    int64
	}{{"0 B", 0}, {"1 B", 1}, {"2 MiB", 2 << 20}, {"4 MiB - 1 B", 4<<20 - 1}, {"4 MiB", 4 << 20}, {"1 GB", 1e9}, {"20 GiB", 20 << 30}} {
		body, err := stream.BodySize(row.n, format.DefaultChunkLog2)
		if err != nil {
			t.Fatal(err)
		}
		percent := "-"
		if row.n > 0 {
			percent = fmt.Sprintf("%.2g %%", 100*float64(body+4096-row.n)/float64(row.n))
		}
		fmt.Fprintf(&want, "| %s | %d | %d | %d | %d | %s |\n", row.name, row.n, row.n>>format.DefaultChunkLog2+1, body, body+4096, percent)
	}
	checkSpec(t, want.String())
}

// TestReadmes requires that the README.md of each folder lists every vector once, in a row
// with its result.
func TestReadmes(t *testing.T) {
	files := make(map[string]Result)
	for _, v := range all() {
		files[v.Name] = v.Expect
		if v.Digests != nil {
			files[v.Name] = v.ListExpect
		}
	}
	for _, v := range allDetached() {
		files[v.Name] = v.Expect
	}
	keys, torn := make(map[string]Result), make(map[string]Result)
	for _, v := range keyVectors() {
		keys[v.Name] = v.Expect
	}
	for _, v := range allTorn() {
		torn[v.Name] = "" // its rows have no results
	}
	for folder, vectors := range map[string]map[string]Result{"vectors": files, "keys": keys, "torn": torn} {
		testReadme(t, "../../testdata/"+folder+"/README.md", vectors)
	}
}

func testReadme(t *testing.T, name string, vectors map[string]Result) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(row), " | ")
		if len(cells) < 2 {
			continue
		}
		listed := strings.Fields(strings.TrimSuffix(cells[len(cells)-1], " |"))
		if slices.ContainsFunc(listed, func(word string) bool { return word != "`"+strings.Trim(word, "`")+"`" }) {
			continue // not a row of vectors
		}
		for _, quoted := range listed {
			vector := strings.Trim(quoted, "`")
			result, known := vectors[vector]
			if !known {
				t.Errorf("%s: there is no vector %s, or it is listed twice", name, vector)
				continue
			}
			if result != "" && cells[len(cells)-2] != "*"+string(result)+"*" {
				t.Errorf("%s: %s is not listed as *%s*", name, vector, result)
			}
			delete(vectors, vector)
		}
	}
	for vector := range vectors {
		t.Errorf("%s does not list %s", name, vector)
	}
}

func checkSpec(t *testing.T, want string) {
	t.Helper()
	for _, name := range []string{"../../SPEC.md", "../../docs/key-files.md"} {
		spec, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(spec), want) {
			return
		}
	}
	t.Errorf("SPEC.md and docs/key-files.md do not have:\n%s", want)
}

// TestSpecStatement compares the examples of a key file in SPEC.md and of a statement in docs/key-files.md with
// the vector public.
func TestSpecStatement(t *testing.T) {
	var blocks, layout strings.Builder
	lines := strings.SplitAfter(public(gen1)+first.block(), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "-----"):
			blocks.WriteString("    " + line)
		case strings.HasPrefix(lines[i-1], "-----BEGIN"):
			blocks.WriteString("    " + line + "    ...\n")
		}
	}
	checkSpec(t, blocks.String())
	block, _ := pem.Decode([]byte(first.block()))
	b, at := block.Bytes, 0
	for _, f := range []struct {
		size int
		name string
	}{{32, "fingerprint"}, {32, "previous"}, {4, "generation"}, {8, "created"}, {8, "expires"}, {1, "name length"}, {3, "name"}, {3373, "signature of the key"}} {
		value := fmt.Sprintf("%x", b[at:at+f.size])
		if f.size > 32 {
			value = fmt.Sprintf("%x ... %x", b[at:at+13], b[at+f.size-13:at+f.size])
		}
		fmt.Fprintf(&layout, "    %5d %5d  %-64s  %s\n", at, f.size, value, f.name)
		at += f.size
	}
	if at != len(b) {
		t.Errorf("a statement of %d bytes, and the fields have %d", len(b), at)
	}
	checkSpec(t, layout.String())
}
