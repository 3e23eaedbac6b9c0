// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
)

// rotated requires that alice.key in a folder is complete, private, and has at most the
// given number of generations, and that alice.pub has no other keys.
func rotated(t *testing.T, dir string, most int) *keyfile.Identity {
	t.Helper()
	name := filepath.Join(dir, "alice.key")
	id, err := keyfile.LoadIdentity(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := id.Fingerprints()
	if n := len(all); n > most || all[n-1] != testkit.Identity("alice").Fingerprint() {
		t.Errorf("the key has %d generations", n)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	pub, err := keyfile.LoadPublic(filepath.Join(dir, "alice.pub"))
	if err != nil || len(pub) != 1 || !slices.Contains(all, pub[0].Fingerprint()) {
		t.Errorf("public key: %v", err)
	}
	return id
}

// TestRotateFaults makes system calls that change a file fail, or kills the process
// there. The key file must be the old or the new one, complete, and the next rotation
// removes all other files. As strace counts the calls of each thread, some are hit twice.
func TestRotateFaults(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	need(t, "strace")
	for _, call := range []string{"write", "fchmod", "fsync", "linkat", "renameat", "unlinkat", "flock", "pread64"} {
		for _, fault := range []string{"signal=KILL", "error=EIO", "error=ENOSPC"} {
			t.Run(call+" "+fault, func(t *testing.T) {
				t.Parallel()
				hits := 0
				for n := range 5 {
					if rotateWith(t, fmt.Sprint(call, ":", fault, ":when=", n+1)) {
						hits++
					}
				}
				if hits == 0 {
					t.Error("there is no such call")
				}
			})
		}
	}
}

// rotateWith rotates a key while strace injects a fault, and reports whether the fault
// was reached.
func rotateWith(t *testing.T, inject string) bool {
	dir := newFolder(t)
	log := filepath.Join(t.TempDir(), "log")
	call, _, _ := strings.Cut(inject, ":")
	cmd := exec.Command("strace", "-f", "-qq", "-o", log, "-e", "trace="+call, "-e", "inject="+inject,
		"pqenc", "key", "rotate", "alice.key")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	trace, failed := os.ReadFile(log)
	if failed != nil || bytes.Contains(out, []byte("Operation not permitted")) {
		t.Skipf("strace: %v: %s", failed, out)
	}
	id := rotated(t, dir, 2)
	if err == nil && len(id.Generations()) != 2 {
		t.Errorf("%s: it says that all is well: %s", inject, out)
	}
	if code, _, stderr := pqencIn(t, dir, "key", "rotate", "alice.key"); code != exitOK {
		t.Errorf("%s: the next rotation: exit code %d: %s", inject, code, stderr)
	}
	rotated(t, dir, 3)
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%s: it left %q", inject, left)
	}
	killed := err != nil && cmd.ProcessState.ExitCode() < 0 // strace ends like the command
	return killed || bytes.Contains(trace, []byte("INJECTED"))
}

// TestRotateInterrupted presses Ctrl-C at some system call: the two files still match.
func TestRotateInterrupted(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	need(t, "strace")
	for _, call := range []string{"fsync", "renameat"} {
		for n := range 7 {
			dir := newFolder(t)
			cmd := exec.Command("strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=INT:when=%d", call, n+1),
				"pqenc", "key", "rotate", "alice.key")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOMAXPROCS=1")
			if out, err := cmd.CombinedOutput(); bytes.Contains(out, []byte("Operation not permitted")) {
				t.Skipf("strace: %v: %s", err, out)
			}
			id := rotated(t, dir, 2)
			if pub, err := keyfile.LoadPublic(filepath.Join(dir, "alice.pub")); err != nil || pub[0].Fingerprint() != id.Fingerprint() {
				t.Errorf("%s %d: the public key is not that of the private one: %v", call, n+1, err)
			}
		}
	}
}

// TestRotateAtOnce rotates one key from several processes. Each adds a generation that
// stays, or reports that another process is changing the key.
func TestRotateAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	const rounds, processes = 5, 4
	var mu sync.Mutex
	var made []string
	var wait sync.WaitGroup
	for range processes {
		wait.Go(func() {
			for range rounds {
				code, stdout, stderr := pqencIn(t, dir, "key", "rotate", "-q", "alice.key")
				if code == exitOK {
					mu.Lock()
					made = append(made, strings.TrimSpace(stdout))
					mu.Unlock()
				} else if !strings.Contains(stderr, "another process") {
					t.Errorf("exit code %d: %s", code, stderr)
				}
			}
		})
	}
	wait.Wait()
	id := rotated(t, dir, 1+rounds*processes)
	if len(made) == 0 || len(id.Generations()) != 1+len(made) {
		t.Errorf("%d generations, and %d rotations", len(id.Generations()), len(made))
	}
	for _, f := range id.Fingerprints()[:len(made)] {
		if !slices.Contains(made, f.String()) {
			t.Errorf("nobody made %s", f)
		}
	}
}
