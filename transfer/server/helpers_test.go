// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// testServer is a server that can be stopped and restarted.
type testServer struct {
	t      *testing.T
	config server.Config
	log    *testkit.Log
	http   *httptest.Server
	server *server.Server
	url    string
	visits int // number of raw connections
	before int // bytes of the log before an attack
	lines  *lines
}

// lines are the connections of a server.
type lines struct {
	net.Listener
	mu  sync.Mutex
	all []net.Conn
}

func (l *lines) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.all = append(l.all, conn)
	}
	return conn, err
}

// cut closes all connections.
func (s *testServer) cut() {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	for _, conn := range s.lines.all {
		conn.Close()
	}
}

// newServer starts a server with these lines as its access list. Names in braces stand
// for fingerprints.
func newServer(t *testing.T, limits server.Limits, rules ...string) *testServer {
	t.Helper()
	s := &testServer{t: t, log: new(testkit.Log)}
	s.config = server.Config{
		Dir:        t.TempDir(),
		Identity:   testkit.Identity("server"),
		Authorizer: allow(t, rules...),
		Limits:     limits,
		Logger:     slog.New(slog.NewTextHandler(s.log, nil)),
	}
	s.start()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log)
		}
	})
	return s
}

// allow returns the access list for these lines, see newServer.
func allow(t testing.TB, rules ...string) *server.AllowList {
	t.Helper()
	text := strings.Join(rules, "\n")
	for _, name := range []string{"alice", "bob", "carol"} {
		text = strings.ReplaceAll(text, "{"+name+"}", testkit.Identity(name).Fingerprint().String())
	}
	list, err := server.ParseAllow(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *testServer) start() {
	s.t.Helper()
	server, err := server.New(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = server
	s.http = httptest.NewUnstartedServer(server)
	s.http.Config.ConnState = server.ConnState
	s.lines = &lines{Listener: s.http.Listener}
	s.http.Listener = s.lines
	s.http.Start()
	s.url = "ws" + strings.TrimPrefix(s.http.URL, "http") + "/pqenc"
}

// stop waits for running transfers, but not for long: a client may have stopped in the
// middle of a push.
func (s *testServer) stop() {
	s.t.Helper()
	if s.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.t.Error(err)
	}
	s.http.CloseClientConnections()
	s.http.Close()
	s.server = nil
}

// client returns a client with the key of that name.
func (s *testServer) client(name string) *transfer.Client {
	c := &transfer.Client{
		URL:         s.url,
		Identity:    testkit.Identity(name),
		CheckServer: is(testkit.Identity("server")),
		OnRetry:     func(r transfer.Retry) { s.t.Logf("%s: retry %d: %v", name, r.Attempt, r.Err) },
		GiveUpAfter: 20 * time.Second,
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func is(want *keyfile.Identity) func(signature.Fingerprint) error {
	return func(got signature.Fingerprint) error {
		if got != want.Fingerprint() {
			return fmt.Errorf("%w: %s", transfer.ErrUnknownServer, got)
		}
		return nil
	}
}

var _ http.Handler = (*server.Server)(nil)

// listed returns a complete listing.
func listed(c *transfer.Client, prefix string) (all []transfer.Object, err error) {
	for object, err := range c.List(context.Background(), prefix) {
		if err != nil {
			return nil, err
		}
		all = append(all, object)
	}
	return all, nil
}

// longName is a name of about 1000 bytes, which has room for a short segment.
func longName() string { return strings.Repeat(strings.Repeat("n", 199)+"/", 5)[:980] + "/" }

// writeFile writes a file directly into a store.
func writeFile(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
