// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// newIdentity makes a key, once for each name: it takes a while.
var newIdentity = func() func(string) *keyfile.Identity {
	var mu sync.Mutex
	made := make(map[string]*keyfile.Identity)
	return func(name string) *keyfile.Identity {
		mu.Lock()
		defer mu.Unlock()
		if made[name] == nil {
			id, err := keyfile.Generate()
			if err != nil {
				panic(err)
			}
			made[name] = id
		}
		return made[name]
	}
}()

// testServer is a server that can be stopped and started again.
type testServer struct {
	t      *testing.T
	config transfer.ServerConfig
	log    *lockedBuffer
	http   *httptest.Server
	server *transfer.Server
	url    string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newServer starts a server whose access list has these lines. Names of people
// in braces stand for their fingerprints.
func newServer(t *testing.T, limits transfer.Limits, rules ...string) *testServer {
	t.Helper()
	s := &testServer{t: t, log: new(lockedBuffer)}
	s.config = transfer.ServerConfig{
		Dir:        t.TempDir(),
		Identity:   newIdentity("server"),
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

func allow(t *testing.T, rules ...string) *transfer.AllowList {
	t.Helper()
	text := strings.Join(rules, "\n")
	for _, name := range []string{"alice", "bob", "carol"} {
		text = strings.ReplaceAll(text, "{"+name+"}", newIdentity(name).Fingerprint().String())
	}
	list, err := transfer.ParseAllow(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *testServer) start() {
	s.t.Helper()
	server, err := transfer.NewServer(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = server
	s.http = httptest.NewUnstartedServer(server)
	s.http.Config.ConnState = server.ConnState
	s.http.Start()
	s.url = "ws" + strings.TrimPrefix(s.http.URL, "http") + "/pqenc"
}

// stop waits for what is under way, but not for long: a client may be in the middle
// of a push that never goes on.
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

// client returns a client of that name.
func (s *testServer) client(name string) *transfer.Client {
	c := &transfer.Client{
		URL:         s.url,
		Identity:    newIdentity(name),
		CheckServer: is(newIdentity("server")),
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

// sealed returns a pqenc file of n random bytes, for alice.
func sealed(t *testing.T, n int) []byte {
	t.Helper()
	content := make([]byte, n)
	rand.Read(content)
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, newIdentity("alice").Public())
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

var _ http.Handler = (*transfer.Server)(nil)
