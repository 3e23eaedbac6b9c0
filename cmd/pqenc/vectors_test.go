// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

var allVectors = sync.OnceValue(func() []*vectors.Vector {
	all, err := vectors.Load("../../testdata/vectors")
	if err != nil {
		panic(err)
	}
	return all
})

// keyOf returns a private key file with the given keys, or with the given encryption key
// and some signing key.
func keyOf(seeds []byte) []byte {
	id, err := recipient.NewHybridIdentity(seeds[:recipient.SeedSize])
	if err != nil {
		panic(err)
	}
	signing := signature.GenerateKey()
	if seed := seeds[recipient.SeedSize:]; len(seed) > 0 {
		if signing, err = signature.NewPrivateKey(seed); err != nil {
			panic(err)
		}
	}
	var b bytes.Buffer
	for _, der := range [][]byte{id.MarshalPKCS8(), signature.MarshalPKCS8(signing)} {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return b.Bytes()
}

// exitOf has the exit code for each result.
var exitOf = map[vectors.Result]int{
	vectors.Success:     exitOK,
	vectors.NoMatch:     exitNoKey,
	vectors.NotPqenc:    exitDamaged,
	vectors.Unsupported: exitUnsupported,
	vectors.Header:      exitDamaged,
	vectors.Body:        exitDamaged,
	vectors.Truncated:   exitDamaged,
	vectors.Armor:       exitDamaged,
	vectors.NotSigned:   exitSigner,
	vectors.WrongSigner: exitSigner,
	vectors.Signature:   exitSigner,
	vectors.Replaced:    exitSigner,
	vectors.Forwarded:   exitSigner,
	vectors.Context:     exitSigner,
	vectors.Retired:     exitSigner,
	vectors.DigestList:  exitSigner,
}

// TestSpecExitCodes requires that the table of classes in SPEC.md has the exit codes.
func TestSpecExitCodes(t *testing.T) {
	spec, err := os.ReadFile("../../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := maps.Clone(exitOf)
	delete(codes, vectors.Success)
	for _, r := range []vectors.Result{vectors.SignatureFile, vectors.OtherFile} {
		codes[r] = detachedExit(r)
	}
	for _, r := range []vectors.Result{vectors.NotKey, vectors.WrongKind, vectors.Statement} {
		codes[r] = exitKeyFile
	}
	listed := map[vectors.Result]string{vectors.Protected: fmt.Sprintf("%d or %d", exitUsage, exitKeyFile)}
	for r, code := range codes {
		listed[r] = fmt.Sprint(code)
	}
	for r, code := range listed {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| \*%s\* \| .* \| %s \|$`, r, code))
		if !row.Match(spec) {
			t.Errorf("SPEC.md does not have *%s* with exit code %s", r, code)
		}
	}
}

// TestProtectedExitCodes has the exit code of a protected private key in place of a public
// one. The other one, without a passphrase, is in the scripts: it takes having no terminal.
func TestProtectedExitCodes(t *testing.T) {
	all, err := vectors.LoadKeys("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeIn(t, dir, "file", []byte("contents"))
	for _, v := range all {
		if v.Expect != vectors.Protected || v.Private {
			continue
		}
		writeIn(t, dir, "in.key", v.File)
		if code, _, stderr := pqencIn(t, dir, "encrypt", "-r", "in.key", "-o", "out.pqe", "file"); code != exitKeyFile {
			t.Errorf("%s: exit code %d, want %d: %s", v.Name, code, exitKeyFile, stderr)
		}
	}
}

// TestVectors runs the command on every vector.
func TestVectors(t *testing.T) {
	withWorkers(t, allVectors(), func(v *vectors.Vector) string { return v.Name }, func(t *testing.T, w *hired, v *vectors.Vector) {
		dir := t.TempDir()
		keys := writeFiles(t, dir, v)
		testStdout(t, w, dir, v, keys)
		if testing.Short() {
			return
		}
		testOutput(t, w, dir, v, keys)
		testList(t, w, dir, v, keys)
		code, _, stderr := w.pqencIn(t, dir, slices.Concat([]string{"verify", "in.pqe"}, keys)...)
		expect(t, v, "verify", v.Expect, code, stderr)
		code, _, stderr = w.pqencIn(t, dir, "inspect", "in.pqe")
		expect(t, v, "inspect", v.Inspect, code, stderr)
	})
}

// writeFiles writes a vector to dir, and returns the flags for its keys and policy.
func writeFiles(t *testing.T, dir string, v *vectors.Vector) (keys []string) {
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("in.pqe", v.File)
	for i, seed := range v.Identities {
		name := fmt.Sprintf("%d.key", i)
		write(name, keyOf(seed))
		keys = append(keys, "-i", name)
	}
	// For a vector without a key, being asked for one is a failure as well.
	write("pw", []byte("not the passphrase"))
	if v.Passphrase != "" {
		write("pw", []byte(v.Passphrase))
	}
	keys = append(keys, "--passphrase-file", "pw")
	keys = append(keys, writeSenders(t, dir, v.From, v.FromFile)...)
	if v.RequiredContext != nil {
		keys = append(keys, "--context="+*v.RequiredContext)
	}
	if v.AllowForwarded {
		keys = append(keys, "--allow-forwarded")
	}
	return keys
}

// writeSenders writes the public keys of a vector to dir, and returns the flags for them.
func writeSenders(t *testing.T, dir string, identities [][]byte, file []byte) (from []string) {
	for i, seeds := range identities {
		id, err := keyfile.ParseIdentity(keyOf(seeds))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%d.pub", i)
		writeIn(t, dir, name, id.Public().Marshal())
		from = append(from, "--from", name)
	}
	if len(file) > 0 {
		writeIn(t, dir, "from.pub", file)
		from = append(from, "--from", "from.pub")
	}
	return from
}

// testStdout decrypts to a pipe, which must get only what may be released. With --from,
// for a bad file, that is nothing at all.
func testStdout(t *testing.T, w *hired, dir string, v *vectors.Vector, keys []string) {
	for _, flag := range []string{"--stream-unverified", "-d"} {
		code, stdout, stderr := w.pqencIn(t, dir, append(keys, "-d", flag, "in.pqe")...)
		result, want := v.Expect, v.Released
		if flag == "-d" && v.Name == "signed-armor" {
			result = vectors.Replaced // correct: armor cannot be read twice
		}
		expect(t, v, flag, result, code, stderr)
		if flag == "-d" && v.HasSenders() && result != vectors.Success {
			want = sha256.Sum256(nil)
		}
		if sha256.Sum256([]byte(stdout)) != want {
			t.Errorf("%s: released %d bytes that are not the right ones", flag, len(stdout))
		}
	}
}

// testOutput decrypts to a new file, which must exist only after success, and to an
// existing file.
func testOutput(t *testing.T, w *hired, dir string, v *vectors.Vector, keys []string) {
	name := filepath.Join(dir, "out")
	for _, old := range []string{"", "old content"} {
		if old != "" {
			if err := os.WriteFile(name, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		code, stdout, stderr := w.pqencIn(t, dir, append(keys, "-d", "-o", "out", "in.pqe")...)
		expect(t, v, "decrypt -o", v.Expect, code, stderr)
		if stdout != "" {
			t.Errorf("with -o there are %d bytes on standard output", len(stdout))
		}
		content, err := os.ReadFile(name)
		switch {
		case v.Expect == vectors.Success:
			if err != nil || sha256.Sum256(content) != v.Released {
				t.Errorf("-o wrote %d bytes that are not the right ones (%v)", len(content), err)
			}
		case old == "" && !os.IsNotExist(err):
			t.Error("-o left a file behind after a failure")
		case old != "" && string(content) != old:
			t.Error("-o changed the old file after a failure")
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

// testList decrypts with the list of digests of the vector.
func testList(t *testing.T, w *hired, dir string, v *vectors.Vector, keys []string) {
	if v.Digests == nil {
		return
	}
	writeIn(t, dir, "list", v.Digests)
	code, stdout, stderr := w.pqencIn(t, dir, append(keys, "-d", "--digests", "list", "in.pqe")...)
	expect(t, v, "--digests", v.ListExpect, code, stderr)
	if v.ListExpect == vectors.Success && sha256.Sum256([]byte(stdout)) != v.Released {
		t.Errorf("--digests: released %d bytes that are not the right ones", len(stdout))
	}
}

// signedBy matches the message on a signature after success.
var signedBy = regexp.MustCompile(`^pqenc: signed by .*\n(pqenc: hint: name the public key of the signer .*\n)?$`)

func expect(t *testing.T, v *vectors.Vector, what string, want vectors.Result, code int, stderr string) {
	t.Helper()
	if code != exitOf[want] {
		t.Errorf("%s: exit code %d, want %d for %q\n%s", what, code, exitOf[want], want, stderr)
	}
	if code == exitOK {
		stderr = signedBy.ReplaceAllString(stderr, "")
	}
	if (code == exitOK) != (stderr == "") {
		t.Errorf("%s: exit code %d, and it says %q", what, code, stderr)
	}
}
