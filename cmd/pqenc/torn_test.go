// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/recipient"
)

// tearFile is the script command
//
//	tear FILE OTHER
//
// which has every other block of the header of FILE be that of OTHER, with the log beside
// it, as a power cut may leave it when the one was to become the other.
func tearFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tear FILE OTHER")
	}
	file, other := []byte(ts.ReadFile(args[0])), []byte(ts.ReadFile(args[1]))
	size := format.SizeOf(file)
	old, new := slices.Clone(file[:size]), other[:size]
	for at := 512; at < size; at += 1024 {
		copy(file[at:at+512], new[at:])
	}
	name := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(name, file, 0o644))
	log := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".pqenc-redo")
	ts.Check(os.WriteFile(log, testkit.RedoLog(old, new), 0o600))
}

// headerFor returns the header of a file of alice's for somebody else, of the same length.
func headerFor(t *testing.T, file []byte, who string) []byte {
	t.Helper()
	header, err := format.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range header.Stanzas {
		key, err := testkit.Identity("alice").Unwrap(s, header.Binding())
		if err != nil {
			continue
		}
		stanza, err := testkit.Identity(who).Public().Wrap(key, header.Binding())
		if err != nil {
			t.Fatal(err)
		}
		header.Stanzas = []format.Stanza{stanza}
		b, err := header.Seal(header.DeriveKeys(key))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	t.Fatal("not alice's")
	return nil
}

func quietApp() *app {
	a := newApp()
	a.grammar.Quiet = true
	return a
}

// opensFor returns who can read all of the file, with the header as commands take it.
func opensFor(t *testing.T, name string, want []byte) (who string) {
	t.Helper()
	for _, who := range []string{"alice", "bob"} {
		src, err := quietApp().openEncrypted(name)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		f, err := pqenc.Open(src, src.size, testkit.Identity(who))
		plain, streamErr := pqenc.Decrypt(src, testkit.Identity(who))
		if errors.Is(err, pqenc.ErrNoMatch) && errors.Is(streamErr, pqenc.ErrNoMatch) {
			continue
		}
		if err != nil || streamErr != nil {
			t.Fatalf("%v, %v", err, streamErr)
		}
		var at bytes.Buffer
		_, err = f.DecryptTo(&at)
		all, streamErr := io.ReadAll(plain)
		if err != nil || streamErr != nil || !bytes.Equal(all, want) || !bytes.Equal(at.Bytes(), want) {
			t.Errorf("%d and %d bytes, %v, %v", at.Len(), len(all), err, streamErr)
		}
		return who
	}
	t.Error("nobody can open it")
	return ""
}

// TestTornFiles tears headers of real files at random, and opens them with the old or the
// new key before and after the repair. Without the log most of them open with no key.
func TestTornFiles(t *testing.T) {
	contents := testkit.Contents(10000)
	file := testkit.Sealed(len(contents))
	old, new := file[:format.SizeOf(file)], headerFor(t, file, "bob")
	lost := 0
	for i := range 60 {
		torn := slices.Clone(file)
		for at := 0; at < len(old); at += 512 {
			if rand.IntN(10) < i%11 {
				copy(torn[at:at+512], new[at:])
			}
		}
		name := filepath.Join(t.TempDir(), "f.pqe")
		if err := os.WriteFile(name, torn, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := pqenc.Decrypt(bytes.NewReader(torn), testkit.Identity("alice"), testkit.Identity("bob")); err != nil {
			lost++
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(name), ".f.pqe.pqenc-redo"), testkit.RedoLog(old, new), 0o600); err != nil {
			t.Fatal(err)
		}
		want := "bob"
		if bytes.Equal(torn, file) {
			want = "alice"
		}
		if who := opensFor(t, name, contents); who != want {
			t.Errorf("%s can read it, not %s", who, want)
		}
		if _, err := durable.RepairHead(name); err != nil {
			t.Error(err)
		}
		if who := opensFor(t, name, contents); who != want {
			t.Errorf("repaired, %s can read it, not %s", who, want)
		}
		if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	}
	if lost < 20 {
		t.Errorf("only %d files needed the log", lost)
	}
}

// TestInPlaceFile replaces the header of a real file.
func TestInPlaceFile(t *testing.T) {
	contents := testkit.Contents(10000)
	file := testkit.Sealed(len(contents))
	name := filepath.Join(t.TempDir(), "f.pqe")
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	size := format.SizeOf(file)
	if err := durable.OverwriteHead(name, file[:size], headerFor(t, file, "bob")); err != nil {
		t.Fatal(err)
	}
	if who := opensFor(t, name, contents); who != "bob" {
		t.Errorf("%q can read it", who)
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after[size:], file[size:]) {
		t.Error("the body was changed", err)
	}
}

// TestTornVectors reads the vectors with a log beside them, and once more after what a
// repair makes of them.
func TestTornVectors(t *testing.T) {
	all, err := vectors.Load("../../testdata/torn")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f.pqe")
			log := filepath.Join(filepath.Dir(name), ".f.pqe.pqenc-redo")
			for path, content := range map[string][]byte{name: v.File, log: v.RedoLog} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			expectTorn(t, v, name)
			if _, err := durable.RepairHead(name); err != nil {
				t.Error(err)
			}
			_, err := os.Lstat(log)
			if applies := v.Expect == vectors.Success || v.Name == "torn-old-reader"; applies != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the log applies: %v; %v", applies, err)
			}
			expectTorn(t, v, name)
		})
	}
}

func expectTorn(t *testing.T, v *vectors.Vector, name string) {
	t.Helper()
	id, err := recipient.NewHybridIdentity(v.Identities[0])
	if err != nil {
		t.Fatal(err)
	}
	src, err := quietApp().openEncrypted(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	hash := sha256.New()
	plain, err := pqenc.Decrypt(src, id)
	if err == nil {
		_, err = plain.WriteTo(hash)
	}
	if want := map[vectors.Result]error{vectors.NoMatch: pqenc.ErrNoMatch}[v.Expect]; !errors.Is(err, want) || [32]byte(hash.Sum(nil)) != v.Released {
		t.Errorf("%v, want %v", err, v.Expect)
	}
}
