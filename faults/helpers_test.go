// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// name is that of the object in most tests.
const name = "lab/file.pqe"

// largeSize is so large that a tenth of it and 4 MiB are more than a client has in flight:
// with one fault, that much is never sent again, however slow the disk is.
const largeSize = 128 << 20

// large is a file for tests that cut it at each tenth, small one for tests that slow it
// down.
var (
	large      = sync.OnceValue(func() []byte { return testkit.Sealed(largeSize) })
	largePlain = sync.OnceValue(func() []byte { return testkit.Contents(largeSize) })
	small      = sync.OnceValue(func() []byte { return testkit.Sealed(8 << 20) })
)

// testServer is a server in this process.
type testServer struct {
	*server.Server
	dir  string
	http *httptest.Server
}

func newServer(t *testing.T, limits server.Limits) *testServer {
	t.Helper()
	return newServerIn(t, t.TempDir(), limits)
}

func newServerIn(t *testing.T, dir string, limits server.Limits) *testServer {
	t.Helper()
	var rules []string
	for _, who := range []string{"alice", "bob"} {
		rules = append(rules, testkit.Identity(who).Fingerprint().String()+" push,pull,list,delete ** overwrite")
	}
	allow, err := server.ParseAllow(strings.NewReader(strings.Join(rules, "\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	log := new(testkit.Log)
	s := &testServer{dir: dir}
	s.Server, err = server.New(server.Config{
		Dir:        dir,
		Identity:   testkit.Identity("server"),
		Authorizer: allow,
		Limits:     limits,
		Logger:     slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ConnState = s.ConnState
	s.http.Start()
	t.Cleanup(func() {
		s.Shutdown(t.Context()) // which is done, so that it waits for nobody
		s.http.CloseClientConnections()
		s.http.Close()
		if t.Failed() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	return s
}

func (s *testServer) addr() string { return s.http.Listener.Addr().String() }

// put writes an object into the store directly.
func (s *testServer) put(t *testing.T, file []byte) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantObject checks what is stored, and that nothing else is.
func (s *testServer) wantObject(t *testing.T, want []byte) {
	t.Helper()
	wantFile(t, filepath.Join(s.dir, name), want)
	wantAlone(t, filepath.Join(s.dir, name))
}

func wantFile(t *testing.T, name string, want []byte) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	got := &comparer{want: want}
	if _, err := io.Copy(got, file); err != nil {
		t.Error(err)
	}
	got.wantAll(t)
}

// newClient returns a client of that name for the server at addr.
func newClient(t *testing.T, who, addr string) *transfer.Client {
	c := &transfer.Client{
		URL:         "ws://" + addr + "/pqenc",
		Identity:    testkit.Identity(who),
		CheckServer: expectServer,
		OnRetry:     func(r transfer.Retry) { t.Logf("%s: retry %d: %v", who, r.Attempt, r.Err) },
		GiveUpAfter: 30 * time.Second,
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func expectServer(got signature.Fingerprint) error {
	if got != testkit.Identity("server").Fingerprint() {
		return fmt.Errorf("%w: %s", transfer.ErrUnknownServer, got)
	}
	return nil
}

// way is one way to transfer a file.
type way struct {
	name string
	direction
	run func(*testing.T, *testServer, *transfer.Client, []byte)
}

// ways are all ways to transfer a file. Each run checks its result.
var ways = []way{
	{"push of a stream", up, func(t *testing.T, s *testServer, c *transfer.Client, file []byte) {
		if err := c.Push(t.Context(), name, bytes.NewReader(file), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
		s.wantObject(t, file)
	}},
	{"push of a file", up, func(t *testing.T, s *testServer, c *transfer.Client, file []byte) {
		if err := c.PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
		s.wantObject(t, file)
	}},
	{"pull", down, func(t *testing.T, s *testServer, c *transfer.Client, file []byte) {
		s.put(t, file)
		got := &comparer{want: file}
		if err := c.Pull(t.Context(), name, got, transfer.PullOptions{}); err != nil {
			t.Fatal(err)
		}
		got.wantAll(t)
	}},
}

// comparer is an io.Writer that fails unless it gets the bytes in want.
type comparer struct {
	want []byte
	at   int
}

func (c *comparer) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(c.want[c.at:], p) {
		return 0, fmt.Errorf("wrong within %d bytes at %d", len(p), c.at)
	}
	c.at += len(p)
	return len(p), nil
}

func (c *comparer) wantAll(t *testing.T) {
	t.Helper()
	if c.at != len(c.want) {
		t.Errorf("%d bytes of %d", c.at, len(c.want))
	}
}

// wantLittleAgain checks that of size bytes not more than a tenth and 4 MiB were
// sent again. All bytes that passed count, also logins and framing.
func wantLittleAgain(t *testing.T, passed, size int64) {
	t.Helper()
	wantAgain(t, passed, size, size/10+4<<20)
}

// wantAgain checks that of size bytes not more than limit were sent again.
func wantAgain(t *testing.T, passed, size, limit int64) {
	t.Helper()
	again := passed - size
	t.Logf("sent again: %.2f MiB, %.1f %% of %d MiB", float64(again)/(1<<20), 100*float64(again)/float64(size), size>>20)
	if again < 0 || again > limit {
		t.Errorf("%d bytes, %d of them again, are more than %d again", passed, again, limit)
	}
}
