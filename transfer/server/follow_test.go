// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// stuck starts a push that stops, and waits until followers can see it.
func (s *testServer) stuck(t *testing.T, who string, request send, part []byte) *channel.Conn {
	t.Helper()
	conn := s.raw(t, who)
	say(conn, request, start(0), data(part))
	if _, ok := receive(conn, wire.TypeDurable); !ok {
		t.Fatal("the push is refused")
	}
	return conn
}

// TestFollowPastStuck has a stalled push by a client that may not replace the object that
// another client has stored since. The follower gets that object, whether it asked for
// this one or for any.
func TestFollowPastStuck(t *testing.T) {
	t.Parallel()
	file, other := testkit.Sealed(1<<20), testkit.Sealed(2<<20)
	for name, stuck := range map[string][]byte{"another file": other, "the same file": file} {
		for _, early := range []bool{false, true} { // follow before the object exists
			if early && name == "another file" {
				continue // that follower waits for the other push, which does not come
			}
			s := newServer(t, server.Limits{}, "{alice} push **", "{bob} push **", "{carol} pull **")
			s.stuck(t, "bob", push("x.pqe", stuck, int64(len(stuck))), stuck[:5000])
			started, done := make(chan struct{}), make(chan error, 1)
			var got bytes.Buffer
			o := transfer.PullOptions{Follow: true, Started: func(int64) error { close(started); return nil }}
			if name == "the same file" {
				o.Digest = digestOf(file)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			run := func() { done <- s.client("carol").Pull(ctx, "x.pqe", &got, o) }
			if early {
				go run()
				<-started
			}
			if err := s.client("alice").Push(t.Context(), "x.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
				t.Fatal(err)
			}
			if !early {
				go run()
			}
			if err := <-done; err != nil || !bytes.Equal(got.Bytes(), file) {
				t.Errorf("%s, early %v: %d bytes, %v", name, early, got.Len(), err)
			}
		}
	}
}

// TestFollowReplaced follows a push that can no longer succeed, since there is an object
// that it may not replace.
func TestFollowReplaced(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, "{alice} push **", "{bob} push **", "{carol} pull **")
	file, other := testkit.Sealed(1<<20), testkit.Sealed(2<<20)
	s.stuck(t, "bob", push("x.pqe", other, int64(len(other))), other[:5000])
	carol := s.raw(t, "carol")
	say(carol, follow("x.pqe"))
	if _, ok := receive(carol, wire.TypeData); !ok {
		t.Fatal("nothing comes")
	}
	if err := s.client("alice").Push(t.Context(), "x.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, code := talk(carol); code != wire.CodeOf(wire.ErrChanged) {
		t.Errorf("error %d", code)
	}
}

// TestFollowOtherLength follows a push that is interrupted, while another client pushes
// other contents with the same header. The length must be the announced one.
func TestFollowOtherLength(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, "{alice} push **", "{bob} push **", "{carol} pull **")
	file := testkit.Sealed(1 << 20)
	longer := append(bytes.Clone(file), make([]byte, 1<<20)...)
	alice := s.stuck(t, "alice", push("x.pqe", file, int64(len(file))), file[:5000])
	started, done := make(chan struct{}), make(chan error, 1)
	var got bytes.Buffer
	o := transfer.PullOptions{Follow: true, Started: func(int64) error { close(started); return nil }}
	go func() { done <- s.client("carol").Pull(t.Context(), "x.pqe", &got, o) }()
	<-started
	bob := s.stuck(t, "bob", push("x.pqe", file, wire.Unknown), longer[:200000])
	alice.Close()
	for rest := longer[200000:]; len(rest) > 0; rest = rest[min(len(rest), wire.MaxData):] {
		bob.Send(wire.TypeData, 1, rest[:min(len(rest), wire.MaxData)])
	}
	if err := s.client("alice").PushFile(t.Context(), "x.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

// fickle revokes the rights of one client.
type fickle struct {
	server.Authorizer
	from    signature.Fingerprint
	revoked atomic.Bool
	unknown atomic.Bool
}

func (f *fickle) Authorize(client signature.Fingerprint, op server.Operation, name string) (server.Grant, bool) {
	if f.revoked.Load() && client == f.from {
		return server.Grant{}, false
	}
	return f.Authorizer.Authorize(client, op, name)
}

// TestFollowRevoked revokes the right of a client that waits for an object: it does not
// get objects that arrive later.
func TestFollowRevoked(t *testing.T) {
	s := newServer(t, server.Limits{}, "{alice} push **", "{carol} pull **")
	s.stop()
	f := &fickle{Authorizer: s.config.Authorizer, from: testkit.Identity("carol").Fingerprint()}
	s.config.Authorizer = f
	s.start()
	carol := s.raw(t, "carol")
	say(carol, follow("x.pqe"))
	time.Sleep(100 * time.Millisecond) // if it does not wait by then, it is refused as well
	f.revoked.Store(true)
	if err := s.client("alice").Push(t.Context(), "x.pqe", bytes.NewReader(testkit.Sealed(100000)), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if answers, code := talk(carol); code != wire.CodeDenied {
		t.Errorf("%q, error %d", answers, code)
	}
}
