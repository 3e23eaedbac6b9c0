// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/iotest"

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
	s.under = append([]string{"strace", "-D", "-f", "-qq", "-o", filepath.Join(t.TempDir(), "calls")}, options(s.dir)...)
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
	for name, remove := range map[string]func(ctx context.Context, c *transfer.Client, file []byte){
		"delete": func(ctx context.Context, c *transfer.Client, _ []byte) {
			c.Delete(ctx, slow+"/a.pqe")
		},
		"abandon": func(ctx context.Context, c *transfer.Client, file []byte) {
			broken := io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(io.ErrUnexpectedEOF))
			c.Push(ctx, slow+"/b.pqe", broken, transfer.PushOptions{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveUnder(t, func(dir string) []string {
				return []string{"-e", "trace=unlinkat", "-P", filepath.Join(dir, slow), "-e", "inject=unlinkat:delay_enter=60000000"}
			})
			c, other := newClient(t, "alice", s.addr), newClient(t, "alice", s.addr)
			file := small()
			if err := os.Mkdir(filepath.Join(s.dir, slow), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(s.dir, slow, "a.pqe"), file, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			removed := make(chan struct{})
			go func() {
				remove(ctx, c, file)
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
				for _, err := range other.List(t.Context(), "") {
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := other.Delete(t.Context(), "x/a.pqe"); err != nil {
					t.Fatal(err)
				}
			}
			s.kill()
			cancel()
			<-removed
		})
	}
}
