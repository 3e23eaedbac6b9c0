// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/durable"
)

// TestFolderNotSynced has two pushes make a folder, and lets the sync that would make it
// durable fail for one of them. The other must not take the next sync for a success.
func TestFolderNotSynced(t *testing.T) {
	const child = "PQENC_TEST_STORE"
	dir := os.Getenv(child)
	if dir == "" {
		if _, err := exec.LookPath("strace"); err != nil {
			t.Skip("needs strace")
		}
		log := filepath.Join(t.TempDir(), "log")
		// Bob's folder; Alice's, once more, and the root.
		cmd := exec.Command("strace", "-f", "-qq", "-o", log, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=4",
			os.Args[0], "-test.run=^TestFolderNotSynced$")
		cmd.Env = append(os.Environ(), child+"="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if trace, _ := os.ReadFile(log); !strings.Contains(string(trace), "INJECTED") {
			t.Skipf("strace injects nothing: %s", out)
		}
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	runtime.LockOSThread() // strace counts those of each thread
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	p, err := s.open(idOf(bob, "new/b", file), replace, (*Partial).openFile)
	wantError(t, err, nil)
	_, err = s.Partial(idOf(alice, "new/a", file), replace)
	if err == nil {
		t.Error("no sync has failed")
	}
	wantError(t, s.syncUp("new/b"), durable.ErrSync)
	_, err = s.Partial(idOf(alice, "new/a", file), replace)
	wantError(t, err, durable.ErrSync)
	closeOK(t, p) // nothing is left in the folder
	push(t, s, alice, "new/a", file)
	wantObject(t, s, "new/a", file)
}
