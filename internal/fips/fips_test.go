// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package fips_test

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/lowcost"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

func TestMain(m *testing.M) {
	lowcost.Passphrases()
	m.Run()
}

const folderVariable = "PQENC_TEST_FIPS"

// again runs a test in a new process with that mode and that folder.
func again(t *testing.T, mode, folder string) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	command.Env = append(os.Environ(), "GODEBUG=fips140="+mode, folderVariable+"="+folder)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("with fips140=%s: %v\n%s", mode, err, out)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// encrypted returns a file, signed and not.
func encrypted(signer pqenc.Signer, to ...pqenc.Recipient) []byte {
	var file bytes.Buffer
	var w *pqenc.Writer
	if signer == nil {
		w = must(pqenc.Encrypt(&file, to...))
	} else {
		w = must(pqenc.EncryptSigned(&file, signer, "", to...))
	}
	must(io.WriteString(w, "contents"))
	must(0, w.Close())
	return file.Bytes()
}

// TestOnly does all that FIPS 140-only mode forbids, with good keys and files: the error is
// about the mode.
func TestOnly(t *testing.T) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		folder = t.TempDir()
		id := must(keyfile.Generate())
		must(0, id.Save(filepath.Join(folder, "id")))
		must(0, id.SaveProtected(filepath.Join(folder, "protected"), []byte("open sesame")))
		must(0, os.WriteFile(filepath.Join(folder, "file"), encrypted(id, id.Public()), 0o600))
		must(0, os.WriteFile(filepath.Join(folder, "seed"), must(recipient.GenerateHybrid()).Seed(), 0o600))
		again(t, "only", folder)
		return
	}
	if !fips140.Enforced() {
		t.Fatal("FIPS 140-only mode is not in force")
	}
	read := func(name string) []byte { return must(os.ReadFile(filepath.Join(folder, name))) }
	ask := func() ([]byte, error) { return []byte("open sesame"), nil }
	for what, try := range map[string]func() error{
		"generate":         func() error { _, err := keyfile.Generate(); return err },
		"private key":      func() error { _, err := keyfile.ParseIdentity(read("id.key")); return err },
		"public key":       func() error { _, err := keyfile.ParsePublic(read("id.pub")); return err },
		"protected key":    func() error { _, err := keyfile.ReadIdentity(bytes.NewReader(read("protected.key")), ask); return err },
		"hybrid, generate": func() error { _, err := recipient.GenerateHybrid(); return err },
		"hybrid, private":  func() error { _, err := recipient.NewHybridIdentity(read("seed")); return err },
		"hybrid, public": func() error {
			_, err := recipient.NewHybridRecipient(make([]byte, recipient.PublicKeySize))
			return err
		},
		"passphrase": func() error { _, err := recipient.NewPassphrase([]byte("open sesame")); return err },
		"encrypt":    func() error { _, err := pqenc.Encrypt(io.Discard, nil); return err },
		"decrypt":    func() error { _, err := pqenc.Decrypt(bytes.NewReader(read("file"))); return err },
		"open": func() error {
			file := read("file")
			_, err := pqenc.Open(bytes.NewReader(file), int64(len(file)), recipient.NewPrompted(ask))
			return err
		},
	} {
		if err := try(); !errors.Is(err, pqenc.ErrFIPS) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if info, err := pqenc.Inspect(bytes.NewReader(read("file"))); err != nil || !info.Signed {
		t.Error("what needs no cryptography fails:", err)
	}
}

// TestOn uses the FIPS module, in the mode that forbids nothing.
func TestOn(t *testing.T) {
	if os.Getenv(folderVariable) == "" {
		again(t, "on", t.TempDir())
		return
	}
	if !fips140.Enabled() || fips140.Enforced() {
		t.Fatal("this is not FIPS 140 mode")
	}
	id := must(keyfile.Generate())
	pass := must(recipient.NewPassphrase([]byte("open sesame")))
	for what, file := range map[string][]byte{
		"for a key":        encrypted(nil, id.Public()),
		"signed":           encrypted(id, id.Public()),
		"for a passphrase": encrypted(id, pass),
	} {
		r := must(pqenc.Decrypt(bytes.NewReader(file), id, pass))
		if plain, err := io.ReadAll(r); string(plain) != "contents" || err != nil {
			t.Errorf("%s: %q, %v", what, plain, err)
		}
	}
	if again := must(keyfile.ParseIdentity(id.Marshal())); again.Fingerprint() != id.Fingerprint() {
		t.Error("another key")
	}
}
