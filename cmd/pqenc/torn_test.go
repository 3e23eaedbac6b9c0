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

// craftLog is the script command
//
//	craft FILE
//
// which puts a log beside a good file that applies to its header, and stands for another
// one that nobody can open.
func craftLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: craft FILE")
	}
	file := []byte(ts.ReadFile(args[0]))
	old, new := slices.Clone(file[:format.SizeOf(file)]), slices.Clone(file[:format.SizeOf(file)])
	old[700]++ // a block that the new one has right
	new[200]++ // a stanza, as old[700] is
	name := ts.MkAbs(args[0])
	log := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".pqenc-redo")
	ts.Check(os.WriteFile(log, testkit.RedoLog(old, new), 0o600))
}

func quietApp() *app {
	a := newApp()
	a.grammar.Quiet = true
	return a
}

// opensFor returns who can read the whole file, with the header that commands choose.
func opensFor(t *testing.T, name string, want []byte) (who string) {
	t.Helper()
	for _, who := range []string{"alice", "bob"} {
		src, err := quietApp().openEncrypted(name, urlFlags{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if src.settle(newIdentities([]pqenc.Identity{testkit.Identity(who)}, "", nil)) != nil {
			continue
		}
		f, err := pqenc.Open(src.section(), src.size, testkit.Identity(who))
		plain, streamErr := pqenc.Decrypt(src.section(), testkit.Identity(who))
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
	old, new := file[:format.SizeOf(file)], testkit.HeaderFor(file, "bob")
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
		if _, err := durable.RepairHead(name, format.SameFile, nil); err != nil {
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
	if err := durable.OverwriteHead(name, file[:size], testkit.HeaderFor(file, "bob")); err != nil {
		t.Fatal(err)
	}
	if who := opensFor(t, name, contents); who != "bob" {
		t.Errorf("%q can read it", who)
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after[size:], file[size:]) {
		t.Error("the body was changed", err)
	}
}

// TestTornVectors reads the vectors with a log beside them, and repairs them with the
// keys and without.
func TestTornVectors(t *testing.T) {
	all, err := vectors.Load("../../testdata/torn")
	if err != nil {
		t.Fatal(err)
	}
	withWorkers(t, all, func(v *vectors.Vector) string { return v.Name }, func(t *testing.T, w *hired, v *vectors.Vector) {
		for i, keyed := range []bool{true, false} {
			dir := t.TempDir()
			keys := writeFiles(t, dir, v)
			if err := os.WriteFile(filepath.Join(dir, ".in.pqe.pqenc-redo"), v.RedoLog, 0o600); err != nil {
				t.Fatal(err)
			}
			expectTorn(t, w, dir, v, keys)
			wantRepaired(t, dir, v, "none") // readers change nothing
			arguments := []string{"rewrap", "--repair", "in.pqe"}
			if keyed { // without those that say who must have signed
				arguments = append(arguments, keys[:2*len(v.Identities)+2]...)
			}
			code, _, stderr := w.pqencIn(t, dir, arguments...)
			wanted := exitOK
			if v.Name == "torn-no-reader" && keyed {
				wanted = exitNoKey
			}
			if code != wanted {
				t.Errorf("repair: exit code %d: %s", code, stderr)
			}
			wantRepaired(t, dir, v, v.Repaired[i])
			if v.Repaired[i] == v.Repaired[0] && v.Repaired[i] != "old" {
				expectTorn(t, w, dir, v, keys)
			}
		}
	})
}

// expectTorn reads the named vector.
func expectTorn(t *testing.T, w *hired, dir string, v *vectors.Vector, keys []string) {
	t.Helper()
	code, _, stderr := w.pqencIn(t, dir, slices.Concat([]string{"verify", "-q", "in.pqe"}, keys)...)
	expect(t, v, "verify", v.Expect, code, stderr)
	code, stdout, stderr := w.pqencIn(t, dir, slices.Concat(keys, []string{"-q", "-d", "in.pqe"})...)
	expect(t, v, "-d", v.Expect, code, stderr)
	if sha256.Sum256([]byte(stdout)) != v.Released {
		t.Errorf("%d bytes were released", len(stdout))
	}
}

// wantRepaired requires that the file has the given header, and a log only if there is
// none.
func wantRepaired(t *testing.T, dir string, v *vectors.Vector, head string) {
	t.Helper()
	want := slices.Clone(v.File)
	n := (len(v.RedoLog) - 112) / 2
	switch head {
	case "old":
		copy(want, v.RedoLog[80:80+n])
	case "new":
		copy(want, v.RedoLog[80+n:80+2*n])
	}
	if got, err := os.ReadFile(filepath.Join(dir, "in.pqe")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the header is not the %s one, %v", head, err)
	}
	log, err := os.ReadFile(filepath.Join(dir, ".in.pqe.pqenc-redo"))
	if head == "none" && (err != nil || !bytes.Equal(log, v.RedoLog)) || head != "none" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: the log: %v", head, err)
	}
}
