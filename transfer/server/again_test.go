// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestCommittedAgain pushes an object that exists already, as a client does that has
// missed the answer. The server may have stopped before its OnCommit.
func TestCommittedAgain(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	s.stop()
	commits := make(chan server.Commit, 10)
	s.config.OnCommit = func(_ context.Context, c server.Commit) { commits <- c }
	s.start()
	file := testkit.Sealed(1000)
	whole := []send{push("a.pqe", file, wire.Unknown), start(0), data(file), end(int64(len(file)))}
	want := server.Commit{Client: testkit.Identity("alice").Fingerprint(), Name: "a.pqe", Size: int64(len(file))}
	for _, messages := range [][]send{whole, whole[:1]} {
		if got, code := s.talk(t, "alice", messages...); code != 0 || !strings.HasSuffix(got, "84 ") {
			t.Fatal(got)
		}
		if got := <-commits; got != want {
			t.Errorf("told of %+v", got)
		}
	}
	if n := s.server.Stats().Pushes; n != 2 {
		t.Errorf("%d pushes", n)
	}
}

// TestLostStored cuts the connection of a push between its commit and the answer. The
// push still succeeds, without being sent again; another push of the same file is
// refused.
func TestLostStored(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, "{alice} push,pull **")
	s.stop()
	commits := 0
	s.config.OnCommit = func(context.Context, server.Commit) {
		if commits++; commits == 1 {
			s.cut()
		}
	}
	s.start()
	file := testkit.Sealed(1 << 20)
	c := s.client("alice")
	retries := 0
	c.OnRetry = func(transfer.Retry) { retries++ }
	if err := c.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := s.server.Stats().Received; commits != 2 || retries == 0 || n != int64(len(file)) {
		t.Errorf("%d commits, %d retries, %d bytes received", commits, retries, n)
	}
	if err := c.PushFile(t.Context(), "a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); !errors.Is(err, transfer.ErrExists) {
		t.Errorf("the same file again: %v", err)
	}
}

// TestFollowNothing follows an object that has been replaced, while there is a partial of
// that name: of yet another object, so that waiting for it is useless.
func TestFollowNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything, "{bob} push **")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	interrupted, interrupt := context.WithCancel(ctx)
	src, w := io.Pipe()
	go w.Write(testkit.Sealed(100000)[:50000])
	s.client("bob").Push(interrupted, "a.pqe", src, transfer.PushOptions{Progress: func(durable int64) {
		if durable > 0 {
			interrupt()
		}
	}})
	c := s.client("alice")
	if err := c.Push(ctx, "a.pqe", bytes.NewReader(testkit.Sealed(1000)), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := s.server.Stats().Partials; n != 1 {
		t.Fatalf("%d partials", n)
	}
	o := transfer.PullOptions{Follow: true, Digest: sha256.Sum256(nil)}
	if err := c.Pull(ctx, "a.pqe", io.Discard, o); !errors.Is(err, transfer.ErrChanged) {
		t.Error(err)
	}
}

// TestRefusalsCount requires that refusals are counted in the statistics.
func TestRefusalsCount(t *testing.T) {
	s := newServer(t, server.Limits{ObjectSize: 1 << 20}, "{alice} push,pull a/**")
	c := s.client("alice")
	file := testkit.Sealed(2 << 20)
	for i, name := range []string{"b/denied.pqe", "a/large.pqe"} {
		err := c.PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), transfer.PushOptions{})
		if n := s.server.Stats().FailedPushes; err == nil || n != int64(i+1) {
			t.Errorf("%s: %v, %d failures", name, err, n)
		}
	}
	for i, name := range []string{"b/denied.pqe", "a/none.pqe"} {
		err := c.Pull(t.Context(), name, io.Discard, transfer.PullOptions{})
		if n := s.server.Stats().FailedPulls; err == nil || n != int64(i+1) {
			t.Errorf("%s: %v, %d failures", name, err, n)
		}
	}
}
