// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestFolderNotSynced has two pushes create a folder, and makes the sync of it fail for
// one of them. The other must not treat a later sync as a success.
func TestFolderNotSynced(t *testing.T) {
	const child = "PQENC_TEST_STORE"
	dir := os.Getenv(child)
	if dir == "" {
		if _, err := exec.LookPath("strace"); err != nil {
			t.Skip("needs strace")
		}
		log := filepath.Join(t.TempDir(), "log")
		// Bob's folder; Alice's again; and the root.
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
	runtime.LockOSThread() // strace counts the calls of each thread
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

// TestPutNotSynced makes each sync of a put fail. The object is then not reported as
// stored. When the client sends it again, the earlier files do not count as durable.
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
	runtime.LockOSThread() // strace counts the calls of each thread
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
		if _, err := s.Put(id, Bounds{}, other); again != errors.Is(err, wire.ErrExists) { // for another push it exists
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

// TestMoveNotSynced makes each sync of a move fail. The move is then not reported as
// done, and the object has one of the two names.
func TestMoveNotSynced(t *testing.T) {
	const child = "PQENC_TEST_MOVE"
	dir := os.Getenv(child)
	if dir == "" {
		if _, err := exec.LookPath("strace"); err != nil {
			t.Skip("needs strace")
		}
		for n := 1; ; n++ {
			dir, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
			put(t, filepath.Join(dir, "old/a"), encrypted(t, 10))
			cmd := exec.Command("strace", "-f", "-qq", "-o", log, "-e", "trace=fsync", "-e", fmt.Sprint("inject=fsync:error=EIO:when=", n),
				os.Args[0], "-test.run=^TestMoveNotSynced$")
			cmd.Env = append(os.Environ(), child+"="+dir)
			out, err := cmd.CombinedOutput()
			trace, _ := os.ReadFile(log)
			failed := strings.Contains(string(trace), "INJECTED")
			if n < 3 && !failed {
				t.Skipf("strace injects nothing: %s", out)
			}
			if failed != (err != nil) || failed && !strings.Contains(string(out), "input/output error") {
				t.Errorf("sync %d: %v: %s", n, err, out)
			}
			wantFiles(t, dir, "new", "new/a")
			if !failed {
				return
			}
		}
	}
	runtime.LockOSThread() // strace counts the calls of each thread
	wantError(t, move(open(t, dir, Options{}), "old/a", "new/a", Bounds{}), nil)
}

// TestMoveKilled kills a process that moves an object back and forth. The object always
// exists.
func TestMoveKilled(t *testing.T) {
	testkit.Long(t)
	const child = "PQENC_TEST_MOVE_KILLED"
	names := []string{"a/x", "b/c/x"}
	if dir := os.Getenv(child); dir != "" {
		s := open(t, dir, Options{})
		for i := 0; ; i++ {
			if err := move(s, names[i%2], names[1-i%2], Bounds{}); err != nil && i > 0 { // it may have the other name
				fmt.Println(err)
				os.Exit(1)
			}
			if i == 1 {
				fmt.Println("moving")
			}
		}
	}
	dir, file := t.TempDir(), encrypted(t, 10)
	put(t, filepath.Join(dir, "a/x"), file)
	for range 20 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMoveKilled$")
		cmd.Env = append(os.Environ(), child+"="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		time.Sleep(rand.N(5 * time.Millisecond))
		cmd.Process.Kill()
		cmd.Wait()
		if line != "moving\n" {
			t.Fatalf("it says %q", line)
		}
		s := open(t, dir, Options{})
		all := list(s, "")
		if len(all) != 1 || !slices.Contains(names, all[0].Name) {
			t.Fatalf("there are %v", all)
		}
		wantObject(t, s, all[0].Name, file)
		wantUsage(t, s)
		closeOK(t, s)
	}
}
