// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pqenc/pqenc/transfer"
)

// serveUnder starts a server under strace, which does something to its system calls.
func serveUnder(t *testing.T, options func(dir string) []string) *serving {
	t.Helper()
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("strace", "-qq", "true").CombinedOutput(); err != nil {
		missing(t, "strace: %v: %s", err, out)
	}
	s := &serving{dir: t.TempDir(), relay: newRelay(t, "")}
	s.under = append([]string{"strace", "-f", "-qq", "-o", filepath.Join(t.TempDir(), "calls")}, options(s.dir)...)
	if !s.start(t) {
		t.FailNow()
	}
	return s
}

// TestSlowUnlink has a file system that takes a minute to remove a file. Meanwhile
// whatever others do in other folders goes on, and so does the server's own work.
func TestSlowUnlink(t *testing.T) {
	t.Parallel()
	const slow = "slow"
	fail := errors.New("nothing more to push")
	for name, remove := range map[string]func(t *testing.T, c *transfer.Client, file []byte){
		"delete": func(t *testing.T, c *transfer.Client, _ []byte) {
			c.Delete(t.Context(), slow+"/a.pqe")
		},
		"abandon": func(t *testing.T, c *transfer.Client, file []byte) {
			broken := io.MultiReader(bytes.NewReader(file[:len(file)/2]), errorReader{fail})
			if err := c.Push(t.Context(), slow+"/b.pqe", broken, transfer.PushOptions{}); !errors.Is(err, fail) {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveUnder(t, func(dir string) []string {
				return []string{"-e", "trace=unlinkat", "-P", filepath.Join(dir, slow), "-e", "inject=unlinkat:delay_enter=60000000"}
			})
			c, other := newClient(t, "alice", s.addr), newClient(t, "alice", s.addr)
			file := small()
			if err := c.PushFile(t.Context(), slow+"/a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); err != nil {
				t.Fatal(err)
			}
			removed := make(chan struct{})
			go func() {
				remove(t, c, file)
				close(removed)
			}()
			for busy := false; !busy; { // the system call is under way
				trace, err := os.ReadFile(s.under[5])
				if err != nil {
					t.Fatal(err)
				}
				busy = bytes.Contains(trace, []byte("unlinkat("))
			}
			for range 3 {
				if err := other.PushFile(t.Context(), "x/a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{Overwrite: true}); err != nil {
					t.Fatal(err)
				}
				if _, err := other.List(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				if err := other.Delete(t.Context(), "x/a.pqe"); err != nil {
					t.Fatal(err)
				}
			}
			s.kill()
			c.Close()
		})
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
