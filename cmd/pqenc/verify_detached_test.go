// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/internal/vectors"
)

// detachedExit returns the exit code for a result.
func detachedExit(r vectors.Result) int {
	switch r {
	case vectors.SignatureFile:
		return exitDamaged
	case vectors.OtherFile:
		return exitSigner
	}
	return exitOf[r]
}

// TestDetachedVectors runs the command on every vector of detached signatures.
func TestDetachedVectors(t *testing.T) {
	all, err := vectors.LoadDetached("../../testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	withWorkers(t, all, func(v *vectors.Detached) string { return v.Name }, func(t *testing.T, w *hired, v *vectors.Detached) {
		dir := t.TempDir()
		args := append([]string{"verify", "--json", "--signature", "in.pqs", "in"}, writeDetached(t, dir, v)...)
		code, stdout, stderr := w.pqencIn(t, dir, args...)
		if want := detachedExit(v.Expect); code != want {
			t.Fatalf("exit code %d, want %d for %q\n%s", code, want, v.Expect, stderr)
		}
		if code != exitOK {
			if stdout != "" || stderr == "" {
				t.Errorf("it prints %q and says %q", stdout, stderr)
			}
			return
		}
		testDetachedVerdict(t, v, stdout, stderr)
	})
}

// writeDetached writes a vector to dir, and returns the flags for its senders.
func writeDetached(t *testing.T, dir string, v *vectors.Detached) (from []string) {
	writeIn(t, dir, "in", v.Contents)
	writeIn(t, dir, "in.pqs", v.File)
	return writeSenders(t, dir, v.From, v.FromFile)
}

func testDetachedVerdict(t *testing.T, v *vectors.Detached, stdout, stderr string) {
	var got detachedVerdict
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	signed := time.Unix(int64(v.SignedTime), 0).UTC().Format(time.RFC3339)
	if got.ContentSize != int64(len(v.Contents)) || got.Signature.Comment != v.SignedComment || got.Signature.Time != signed {
		t.Errorf("it prints %s", stdout)
	}
	if stderr != "" {
		t.Errorf("it says %q", stderr)
	}
}

// TestInterruptedSigning interrupts the command before the end of the input.
func TestInterruptedSigning(t *testing.T) {
	t.Parallel()
	c := startCopying(t, "pqenc", "sign", "-i", "alice.key", "--force", "-o", "out")
	c.halfWay(t, zeros)
	c.endsBy(t, syscall.SIGINT, 130)
}

// TestRetiredSigner has a retired key: its earlier signatures are accepted, later ones
// are not.
func TestRetiredSigner(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	writeIn(t, dir, "in", []byte("contents"))
	run := func(want int, args ...string) {
		t.Helper()
		code, stdout, stderr := pqencIn(t, dir, args...)
		if code != want {
			t.Errorf("%q: exit code %d, want %d: %s", args, code, want, stderr)
		}
		if code != exitOK && stdout != "" {
			t.Errorf("%q fails, and prints %q", args, stdout)
		}
	}
	run(exitOK, "sign", "-i", "alice.key", "-o", "early", "in")
	retired, err := testkit.Identity("alice").Retire()
	if err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "retired.key", retired.Marshal())
	writeIn(t, dir, "retired.pub", retired.Public().Marshal())
	run(exitKeyFile, "sign", "-i", "retired.key", "in")
	for !time.Now().Truncate(time.Second).After(retired.Public().Retired()) {
		time.Sleep(50 * time.Millisecond)
	}
	run(exitOK, "sign", "-i", "alice.key", "-o", "late", "in") // by anybody who has the old key
	run(exitOK, "verify", "--from", "retired.pub", "--signature", "early", "in")
	run(exitSigner, "verify", "--from", "retired.pub", "--signature", "late", "in")
	run(exitOK, "verify", "--from", "alice.pub", "--signature", "late", "in") // this public key file is not retired
}
