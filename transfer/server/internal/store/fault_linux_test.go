// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
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

// TestPutNotSynced lets each of the syncs of a put fail. It is not said to be stored then;
// the client sends it again, and that is not taken for durable by what was there before.
func TestPutNotSynced(t *testing.T) {
	const child, number = "PQENC_TEST_PUT", "PQENC_TEST_PUT_NUMBER"
	dir := os.Getenv(child)
	if dir == "" {
		if _, err := exec.LookPath("strace"); err != nil {
			t.Skip("needs strace")
		}
		for n := 1; ; n++ {
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command("strace", "-f", "-qq", "-o", log, "-e", "trace=fsync", "-e", fmt.Sprint("inject=fsync:error=EIO:when=", n),
				os.Args[0], "-test.run=^TestPutNotSynced$")
			cmd.Env = append(os.Environ(), child+"="+t.TempDir(), fmt.Sprint(number, "=", n))
			out, err := cmd.CombinedOutput()
			trace, _ := os.ReadFile(log)
			if err != nil {
				t.Errorf("sync %d: %v: %s", n, err, out)
			}
			if !strings.Contains(string(trace), "INJECTED") {
				if n < 4 {
					t.Skipf("strace injects nothing: %s", out)
				}
				return
			}
		}
	}
	runtime.LockOSThread() // strace counts those of each thread
	s := open(t, dir, Options{})
	file, other := encrypted(t, 10), encrypted(t, 10)
	id := ID{Client: alice, Name: named("new/a"), Push: [16]byte{1}}
	_, err := s.Put(id, Bounds{}, file)
	// The record, and on another thread the content; the folder; the one above.
	if n := os.Getenv(number); (err == nil) != (n > "3") {
		t.Errorf("sync %s has failed, and the put with %v", n, err)
	}
	if err != nil {
		again := errors.Is(err, durable.ErrNotDurable)
		id.Push[0]++
		if _, err := s.Put(id, Bounds{}, other); again != errors.Is(err, wire.ErrExists) { // for another push it is there
			t.Error(err)
		}
		if id.Push[0]--; !again {
			return
		}
		_, err = s.Put(id, Bounds{}, file)
	}
	var stored *StoredError
	if err != nil && !errors.As(err, &stored) && !errors.Is(err, durable.ErrSync) {
		t.Error(err)
	}
	wantObject(t, s, "new/a", file)
}
