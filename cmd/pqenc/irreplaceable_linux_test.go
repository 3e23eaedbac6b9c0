// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestPullIrreplaceable pulls to a file that cannot be replaced, which is reported before
// anything is pulled, and to one that can no longer be replaced at the end, so that the
// result is kept under another name.
func TestPullIrreplaceable(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	out := filepath.Join(dir, "out")
	writeIn(t, dir, "out", []byte(oldContent))
	immutable := func(flag string) {
		if text, err := exec.Command("chattr", flag, out).CombinedOutput(); err != nil {
			t.Skipf("chattr %s: %v: %s", flag, err, text)
		}
	}
	immutable("+i")
	t.Cleanup(func() { exec.Command("chattr", "-i", out).Run() })
	s := startServing(t, dir)
	args := []string{"pull", "-i", "alice.key", "--follow", "--server", "bob.pub", "ws://" + s.addr + "/a/slow.pqe", "-o", "out"}
	code, _, stderr := pqencIn(t, dir, args...)
	if code != exitIO || !strings.Contains(stderr, "replace out: is immutable") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	part := filepath.Join(dir, ".out.pqenc-part")
	begun := func() bool { _, err := os.Stat(part); return err == nil }
	if begun() {
		t.Error("there is a part of it")
	}

	immutable("-i")
	push := s.startPush(t)
	var said strings.Builder
	cmd := exec.Command("pqenc", args...)
	cmd.Dir, cmd.Stderr = dir, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := await("the part", begun); err != nil {
		t.Fatal(err)
	}
	immutable("+i")
	push.finish(t)
	if code, err := exitCode(cmd.Wait()); code != exitIO || err != nil ||
		!strings.Contains(said.String(), "replace out: operation not permitted: the finished file is .out.pqenc-part") {
		t.Errorf("exit code %d, %v: %s", code, err, said.String())
	}
	if info, err := os.Stat(part); err != nil || info.Size() != 10<<20 || info.Mode() != 0o600 {
		t.Errorf("what is kept: %v, %v", info, err)
	}
	immutable("-i")
	if content, err := os.ReadFile(out); string(content) != oldContent {
		t.Errorf("the old file is %q, %v", content, err)
	}
	if code, _, stderr := pqencIn(t, dir, args...); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if content, err := os.ReadFile(out); string(content) != string(make([]byte, 10<<20)) {
		t.Errorf("the new file has %d bytes, %v", len(content), err)
	}
}
