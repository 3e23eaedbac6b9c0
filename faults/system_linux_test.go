// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/transfer"
)

// serveUnder starts a server under a program that changes its system calls. The options
// may depend on the folder of the server.
func serveUnder(t *testing.T, program string, options func(dir string) []string) *serving {
	t.Helper()
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
	s := &serving{dir: t.TempDir(), relay: newRelay(t, "")}
	s.under = append([]string{program}, options(s.dir)...)
	if out, err := exec.Command(program, append(options(s.dir), "true")...).CombinedOutput(); err != nil {
		missing(t, "%s: %v: %s", program, err, out)
	}
	if !s.start(t) {
		t.FailNow()
	}
	return s
}

// TestSlowUnlink has a file system that takes a minute to remove a file. Transfers in other
// folders, and the server's own work, must continue meanwhile.
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
			calls := filepath.Join(t.TempDir(), "calls")
			s := serveUnder(t, "strace", func(dir string) []string {
				return []string{"-D", "-f", "-qq", "-o", calls, "-e", "trace=unlinkat", "-P", filepath.Join(dir, slow),
					"-e", "inject=unlinkat:delay_enter=60000000"}
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
			for busy := false; !busy; { // the system call is running
				trace, err := os.ReadFile(calls)
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

// TestFailingSync fails one sync: the first, or the second, and so on. The client sends
// again what the disk may have lost, and the object is correct.
func TestFailingSync(t *testing.T) {
	t.Parallel()
	retried := new(atomic.Int32)
	t.Cleanup(func() {
		if retried.Load() < 3 {
			t.Errorf("only %d retries", retried.Load())
		}
	})
	for at := 3; at <= 8; at++ { // after the two of --address-file
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			s := serveUnder(t, "strace", func(dir string) []string {
				return []string{"-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", fmt.Sprintf("inject=fsync:error=EIO:when=%d", at)}
			})
			c := newClient(t, "alice", s.addr)
			c.OnRetry = func(r transfer.Retry) {
				t.Logf("retry %d: %v", r.Attempt, r.Err)
				retried.Add(1)
			}
			file := small()
			if err := c.PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); err != nil {
				t.Fatal(err)
			}
			wantFile(t, s.object(), file)
		})
	}
}

// held has no more than 6 MiB before the context ends.
type held struct {
	io.ReaderAt
	ctx context.Context
}

func (h *held) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > 6<<20 {
		<-h.ctx.Done()
	}
	return h.ReaderAt.ReadAt(p, off)
}

// TestFewDescriptors has strangers who take all the descriptors of a server. A push over an
// earlier connection fails, loses nothing, and resumes when they have left. New connections
// work again then.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	s := serveUnder(t, "prlimit", func(string) []string { return []string{"--nofile=40"} })
	file := small()
	c := newClient(t, "alice", s.relay.addr())
	push := func(ctx context.Context, src io.ReaderAt, progress func(int64)) error {
		return c.PushFile(ctx, name, src, int64(len(file)), transfer.PushOptions{Progress: progress})
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := push(ctx, &held{bytes.NewReader(file), ctx}, func(n int64) {
		if n > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("half a push: %v", err)
	}
	list := func(c *transfer.Client) {
		for _, err := range c.List(t.Context(), "") {
			if err != nil {
				t.Error(err)
			}
		}
	}
	list(c) // so there is a connection
	var strangers []net.Conn
	leave := sync.OnceFunc(func() {
		for _, conn := range strangers {
			conn.Close()
		}
	})
	defer leave()
	for !strings.Contains(s.out.String(), "too many open files") {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, conn)
	}
	refused := 0
	c.OnRetry = func(r transfer.Retry) {
		t.Logf("retry %d: %v", r.Attempt, r.Err)
		refused++
		leave()
	}
	if err := push(t.Context(), bytes.NewReader(file), nil); err != nil || refused == 0 {
		t.Fatalf("after %d retries: %v", refused, err)
	}
	wantFile(t, s.object(), file)
	list(newClient(t, "alice", s.addr))
	wantLittleAgain(t, s.relay.count(up), int64(len(file)))
}
