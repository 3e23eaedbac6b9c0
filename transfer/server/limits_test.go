// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// patience is enough time for everything, and ends a test that hangs.
const patience = 20 * time.Second

// hasty returns a client of that name that stops at the first failure, even if it is
// temporary.
func (s *testServer) hasty(name string) *transfer.Client {
	c := s.client(name)
	c.GiveUpAfter = time.Millisecond
	return c
}

// until waits for something that the server does by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in %v", what, patience)
		}
	}
}

// TestConnections uses all connections, or those of one key. The next client is told that
// the server is busy, retries, and gets in when another one leaves.
func TestConnections(t *testing.T) {
	t.Parallel()
	rules := []string{everything, "{bob} list **", "{carol} list **"}
	for name, test := range map[string]struct {
		limits  server.Limits
		inside  []string
		refused string
		welcome string // if others can connect
	}{
		"in all":  {server.Limits{Connections: 2}, []string{"alice", "bob"}, "carol", ""},
		"one key": {server.Limits{ConnectionsPerKey: 2}, []string{"alice", "alice"}, "alice", "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, test.limits, rules...)
			var inside []*channel.Conn
			for _, who := range test.inside {
				inside = append(inside, s.raw(t, who))
			}
			if test.welcome != "" {
				if _, err := listed(s.hasty(test.welcome), ""); err != nil {
					t.Errorf("%s: %v", test.welcome, err)
				}
			}
			if _, err := listed(s.hasty(test.refused), ""); !errors.Is(err, transfer.ErrBusy) || !errors.Is(err, transfer.ErrGaveUp) {
				t.Errorf("%s: %v", test.refused, err)
			}
			c, retries := s.client(test.refused), 0
			c.OnRetry = func(r transfer.Retry) {
				if retries++; !errors.Is(r.Err, transfer.ErrBusy) {
					t.Errorf("retry %d: %v", r.Attempt, r.Err)
				}
				inside[0].Close()
			}
			if _, err := listed(c, ""); err != nil || retries == 0 {
				t.Errorf("after %d retries: %v", retries, err)
			}
		})
	}
}

// TestStoreSize fills a store to the last byte. A push that is one byte longer waits
// until something is deleted.
func TestStoreSize(t *testing.T) {
	t.Parallel()
	first, second := testkit.Sealed(50000), testkit.Sealed(20000)
	both := int64(len(first) + len(second))
	for _, size := range []int64{both, both - 1} {
		s := newServer(t, server.Limits{StoreSize: size}, everything)
		c, other := s.client("alice"), s.client("alice")
		push := func(c *transfer.Client, name string, file []byte) error {
			return c.PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), transfer.PushOptions{})
		}
		if err := push(c, "first.pqe", first); err != nil {
			t.Fatal(err)
		}
		if size == both {
			if err := push(c, "second.pqe", second); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
			continue
		}
		if err := push(s.hasty("alice"), "second.pqe", second); !errors.Is(err, transfer.ErrNoSpace) || !errors.Is(err, transfer.ErrGaveUp) {
			t.Errorf("%d bytes: %v", size, err)
		}
		retries := 0
		c.OnRetry = func(r transfer.Retry) {
			if retries++; !errors.Is(r.Err, transfer.ErrNoSpace) {
				t.Errorf("retry %d: %v", r.Attempt, r.Err)
			}
			other.Delete(t.Context(), "first.pqe") // the second time there is none
		}
		if err := push(c, "second.pqe", second); err != nil || retries == 0 {
			t.Errorf("after %d retries: %v", retries, err)
		}
	}
}

// abandoned makes a partial of n bytes, of a client that disconnects.
func (s *testServer) abandoned(t *testing.T, name string, file []byte, n int) {
	t.Helper()
	conn := s.raw(t, "alice")
	before := s.server.Stats().Received
	s.resumed(t, conn, push(name, file, int64(len(file))))
	for rest := file[:n]; len(rest) > 0; rest = rest[min(len(rest), wire.MaxData):] {
		if err := conn.Send(wire.TypeData, 1, rest[:min(len(rest), wire.MaxData)]); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all that was sent has come", func() bool { return s.server.Stats().Received-before == int64(n) })
	conn.Close()
}

// TestKeepFree has a disk that is too small. The partial is kept, and resumes when there
// is space.
func TestKeepFree(t *testing.T) {
	s := newServer(t, server.Limits{KeepFree: 1}, everything)
	if s.server.Stats().FreeBytes < 0 {
		t.Skip("the file system does not say how much is free")
	}
	file := testkit.Sealed(100000)
	s.abandoned(t, "half.pqe", file, 60000)
	s.stop()
	s.config.Limits.KeepFree = 1 << 60
	s.start()
	for _, name := range []string{"half.pqe", "new.pqe"} {
		err := s.hasty("alice").PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), transfer.PushOptions{})
		if !errors.Is(err, transfer.ErrNoSpace) || !errors.Is(err, transfer.ErrGaveUp) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.server.Stats().Partials; n != 1 {
		t.Errorf("%d partials", n)
	}
	s.stop()
	s.config.Limits.KeepFree = 1
	s.start()
	if at := s.ready(t, "alice", push("half.pqe", file, int64(len(file)))); at != 60000 {
		t.Errorf("it resumes at %d", at)
	}
}

// TestIdle has clients that do nothing, in every state in which the server waits for
// them.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{Idle: 400 * time.Millisecond}, everything)
	file := testkit.Sealed(100000)
	conns := make(map[string]*channel.Conn)
	sent := make(map[string]int64)
	for name, messages := range map[string][]send{
		"after the login": nil,
		"in a push":       {push("half.pqe", file, int64(len(file))), start(0), data(file[:50000])},
		"following":       {follow("none.pqe")},
	} {
		conn := dial(t, s.url, "alice", channel.Times{Beat: 10 * time.Millisecond})
		defer time.AfterFunc(patience, conn.Close).Stop() // ends the test if the server hangs
		say(conn, messages...)
		conns[name] = conn
		_, sent[name] = conn.Traffic()
	}
	for name, conn := range conns {
		var err error
		for err == nil {
			_, err = conn.Next()
		}
		var reason *wire.Error
		if !errors.As(err, &reason) || reason.Code != wire.CodeOf(wire.ErrIdle) {
			t.Errorf("%s: %v", name, err)
		}
		if _, out := conn.Traffic(); out == sent[name] {
			t.Errorf("%s: there was no keepalive", name)
		}
	}
}

// collected reports whether the log has collected partials.
func (s *testServer) collected() bool {
	return strings.Contains(s.log.String(), "collected abandoned partials")
}

// TestPartial requires that old partials are removed, at the start and later, and nothing
// else.
func TestPartial(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(100000)
	old := time.Now().Add(-2 * time.Hour)
	s.abandoned(t, "old.pqe", file, 50000)
	s.stop()
	for name := range files(t, s.config.Dir) {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.start()
	s.abandoned(t, "new.pqe", file, 60000)
	s.stop()
	s.config.Limits.Partial = time.Hour
	s.start()
	until(t, "the old one is collected", s.collected)
	if n := s.server.Stats().Partials; n != 1 {
		t.Errorf("%d partials", n)
	}
	if at := s.ready(t, "alice", push("new.pqe", file, int64(len(file)))); at != 60000 {
		t.Errorf("the new one is at %d", at)
	}
	if at := s.ready(t, "alice", push("old.pqe", file, int64(len(file)))); at != 0 {
		t.Errorf("the old one is at %d", at)
	}
}

// TestPartialWhileRunning removes partials during a push, whose own partial stays.
func TestPartialWhileRunning(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newServer(t, server.Limits{Partial: time.Millisecond}, everything)
	file := testkit.Sealed(100000)
	length := int64(len(file))
	conn := s.raw(t, "alice")
	s.resumed(t, conn, push("open.pqe", file, length))
	conn.Send(wire.TypeData, 1, file[:60000])
	until(t, "it has come", func() bool { return s.server.Stats().Received == 60000 })
	s.abandoned(t, "left.pqe", file, 50000)
	until(t, "the other one is collected", s.collected)
	if n := s.server.Stats().Partials; n != 1 {
		t.Errorf("%d partials", n)
	}
	if got, _ := talk(conn, data(file[60000:]), end(length)); !strings.HasSuffix(got, "84 ") {
		t.Errorf("the push that was under way: %s", got)
	}
}

// TestShutdownEndsOnCommit stops a server during a commit, which may take as long as
// Shutdown, and no longer.
func TestShutdownEndsOnCommit(t *testing.T) {
	began, ended := make(chan context.Context, 1), make(chan bool, 1)
	s := newServer(t, server.Limits{}, everything, "{bob} list **")
	s.stop()
	s.config.OnCommit = func(ctx context.Context, _ server.Commit) {
		began <- ctx
		select {
		case <-ctx.Done():
			ended <- true
		case <-time.After(patience):
			ended <- false
		}
	}
	s.start()
	idle, conn := s.raw(t, "bob"), s.raw(t, "alice")
	file := testkit.Sealed(1000)
	say(conn, push("a.pqe", file, wire.Unknown), start(0), data(file), end(int64(len(file))))
	go leave(conn)
	commit := <-began
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.server.Shutdown(ctx) }()
	var reason *wire.Error
	if _, err := idle.Next(); !errors.As(err, &reason) || reason.Code != wire.CodeOf(wire.ErrShutdown) { // so it is running
		t.Errorf("who is idle: %v", err)
	}
	if err := commit.Err(); err != nil {
		t.Errorf("before the time is over: %v", err)
	}
	cancel()
	if !<-ended {
		t.Error("the commit does not learn that the time is over")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.http.Close()
	s.start()
	if n := s.server.Stats().Objects; n != 1 {
		t.Errorf("%d objects", n)
	}
}
