// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestMoveRights moves with and without each right.
func TestMoveRights(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything,
		"{bob} pull,delete old/**", "{bob} push new/**", "{bob} push over/** overwrite",
		"{carol} delete,push,list old/**", "{carol} pull,push new/**", "{carol} pull both/**")
	s.stop()
	commits := make(chan server.Commit, 10)
	s.config.OnCommit = func(_ context.Context, c server.Commit) { commits <- c }
	for _, name := range []string{"old/1", "old/2", "new/there", "over/there", "both/1"} {
		writeFile(t, s.config.Dir, name, testkit.Sealed(10))
	}
	s.start()
	for _, c := range []struct {
		who, from, to string
		overwrite     bool
		want          error
	}{
		{"bob", "old/1", "new/1", false, nil},
		{"bob", "old/2", "new/there", false, transfer.ErrExists},
		{"bob", "old/2", "new/there", true, transfer.ErrExists}, // may not overwrite
		{"bob", "old/2", "over/there", false, transfer.ErrExists},
		{"bob", "old/2", "over/there", true, nil},
		{"bob", "old/2", "new/2", false, transfer.ErrNotFound},
		{"bob", "new/1", "new/2", false, transfer.ErrDenied}, // no right to delete
		{"bob", "old/none", "old/2", false, transfer.ErrDenied},
		{"bob", "other/none", "new/2", false, transfer.ErrDenied},
		{"alice", "new/1", "old/1", false, nil},
		{"carol", "old/1", "new/1", false, transfer.ErrDenied}, // she could read it there, but not here
		{"carol", "both/1", "new/1", false, transfer.ErrDenied},
	} {
		err := s.client(c.who).Move(t.Context(), c.from, c.to, c.overwrite)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s moves %s to %s: %v, not %v", c.who, c.from, c.to, err, c.want)
		}
	}
	found, err := listed(s.client("alice"), "")
	var names []string
	for _, o := range found {
		names = append(names, o.Name)
	}
	if want := []string{"both/1", "new/there", "old/1", "over/there"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, not %q; %v", names, want, err)
	}
	want := server.Commit{Client: testkit.Identity("bob").Fingerprint(), Name: "new/1", Size: int64(len(testkit.Sealed(10)))}
	if got := <-commits; got != want || s.server.Stats().Moved != 3 {
		t.Errorf("told of %+v, and of %d", got, s.server.Stats().Moved)
	}
}

// TestManyMoves moves several objects by one request, in order.
func TestManyMoves(t *testing.T) {
	s := newServer(t, server.Limits{}, everything, "{bob} push,pull,delete b/**")
	for _, name := range []string{"b/1", "b/2", "other"} {
		writeFile(t, s.config.Dir, name, testkit.Sealed(10))
	}
	s.restart()
	body := []byte{0}
	for _, name := range []string{"b/1", "b/3", "other", "b/4", "b/2", "b/1", "b/3", "b/1", "b/none", "b/5"} {
		body = append(body, remove(name).body...)
	}
	conn := s.raw(t, "bob")
	conn.Send(wire.TypeMove, 1, body)
	m, err := conn.Next()
	results, failed := wire.ParseResults(m.Body)
	want := wire.Results{0, wire.CodeDenied, 0, wire.CodeOf(wire.ErrExists), wire.CodeOf(wire.ErrNotFound)}
	if err := errors.Join(err, failed); err != nil || !slices.Equal(results, want) {
		t.Errorf("%v, not %v; %v", results, want, err)
	}
	// After an invalid name, the error is for all, and nothing is moved.
	if _, code := s.talk(t, "bob", send{wire.TypeMove, append(moveOf("b/1", "b/9", false).body, "\x00\x02..\x00\x01b"...)}); code != wire.CodeOf(wire.ErrName) {
		t.Errorf("error %d", code)
	}
	if found, err := listed(s.client("alice"), "b/"); err != nil || len(found) != 2 || found[0].Name != "b/1" {
		t.Errorf("%v, %v", found, err)
	}
}

// TestMoveToFollower has a client wait for an object that gets its name by a move.
func TestMoveToFollower(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything, "{carol} pull **")
	file := testkit.Sealed(100_000)
	alice := s.client("alice")
	if err := alice.Push(t.Context(), "temporary", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	carol := s.raw(t, "carol")
	say(carol, follow("final"))
	talk(s.raw(t, "carol"), list("")) // the server has probably started to wait by now
	if err := alice.Move(t.Context(), "temporary", "final", false); err != nil {
		t.Fatal(err)
	}
	if got, ok := receive(carol, wire.TypeEnd); !ok || !bytes.Equal(got, file) {
		t.Errorf("%d bytes of %d", len(got), len(file))
	}
}

// TestMoveWhilePulled moves an object that is being sent. All of it is sent.
func TestMoveWhilePulled(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(8 << 20)
	alice := s.client("alice")
	if err := alice.Push(t.Context(), "old", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	conn := s.raw(t, "alice")
	say(conn, pull("old", 0))
	if m, err := conn.Next(); err != nil || m.Type != wire.TypeObject {
		t.Fatal(m.Type, err)
	}
	if err := alice.Move(t.Context(), "old", "new", false); err != nil {
		t.Fatal(err)
	}
	if got, ok := receive(conn, wire.TypeEnd); !ok || !bytes.Equal(got, file) {
		t.Errorf("%d bytes of %d", len(got), len(file))
	}
}

// TestLostMove cuts the connection of a move before its answer.
func TestLostMove(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	s.stop()
	cut := false
	s.config.OnCommit = func(_ context.Context, c server.Commit) {
		if c.Name == "new" && !cut {
			cut = true
			s.cut()
		}
	}
	s.start()
	c := s.client("alice")
	if err := c.Push(t.Context(), "old", bytes.NewReader(testkit.Sealed(10)), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Move(t.Context(), "old", "new", false); err != nil || !cut {
		t.Errorf("cut: %v, %v", cut, err)
	}
}

// TestQuota asks for quotas, also for more of them than fit into one message.
func TestQuota(t *testing.T) {
	t.Parallel()
	rules := []string{everything, "{bob} pull **", "{bob} push b/** quota=1MB", "{bob} push,pull c/* files=7 overwrite", "{bob} list,push d"}
	long := strings.Repeat("x", 1000)
	const many = 300
	for i := range many {
		rules = append(rules, fmt.Sprintf("{carol} push %s%d quota=%d", long, i, i+1))
	}
	s := newServer(t, server.Limits{}, rules...)
	file := testkit.Sealed(1000)
	for _, name := range []string{"b/1", "b/x/2", "c/3", "d"} {
		if err := s.client("alice").Push(t.Context(), name, bytes.NewReader(file), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	size := int64(len(file))
	got, err := s.client("bob").Quota(t.Context())
	want := []transfer.Quota{
		{Pattern: "b/**", Bytes: 2 * size, MaxBytes: 1_000_000, Files: 3},
		{Pattern: "c/*", Bytes: size, Files: 1, MaxFiles: 7},
		{Pattern: "d", Bytes: size, Files: 1},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = s.client("carol").Quota(t.Context())
	if err != nil || len(got) != many || got[0].MaxBytes != 1 || got[many-1].MaxBytes != many {
		t.Errorf("%d quotas, %v", len(got), err)
	}
	// A moved object counts at its new name.
	if err := s.client("alice").Move(t.Context(), "b/1", "c/1", false); err != nil {
		t.Fatal(err)
	}
	got, err = s.client("bob").Quota(t.Context())
	if err != nil || got[0].Bytes != size || got[1].Bytes != 2*size {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestQuotaSkipsAll skips more quotas than there are, and than an int of 32 bits can count.
func TestQuotaSkipsAll(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	conn := dial(t, s.url, "alice", channel.Times{})
	conn.Send(wire.TypeQuota, 1, wire.Count(math.MaxUint32))
	m, err := conn.Next()
	if err != nil || m.Type != wire.TypeQuotas || !bytes.Equal(m.Body, []byte{0}) {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestMoveAbandoned abandons a request to move several objects after the first of them.
func TestMoveAbandoned(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	s.stop()
	first, resume := make(chan struct{}), make(chan struct{})
	s.config.OnCommit = func(context.Context, server.Commit) {
		first <- struct{}{}
		<-resume
	}
	for _, name := range []string{"old/1", "old/2"} {
		writeFile(t, s.config.Dir, name, testkit.Sealed(10))
	}
	s.start()
	conn := dial(t, s.url, "alice", channel.Times{})
	conn.Send(wire.TypeMove, 1, append(moveOf("old/1", "new/1", false).body, moveOf("old/2", "new/2", false).body[1:]...))
	<-first
	conn.Send(wire.TypeError, 1, (&wire.Error{Code: wire.CodeAbandoned}).Marshal())
	conn.Send(wire.TypeQuota, 2, wire.Count(0)) // it is answered after that was read
	if m, err := conn.Next(); err != nil || m.Type != wire.TypeQuotas {
		t.Errorf("%+v, %v", m, err)
	}
	close(resume)
	select {
	case m := <-answers(conn):
		if m.Type != wire.TypeError || m.Request != 1 {
			t.Errorf("%+v", m)
		}
	case <-first:
		t.Error("the second object is moved")
	}
}

// answers returns the next message.
func answers(conn *channel.Conn) <-chan wire.Message {
	next := make(chan wire.Message, 1)
	go func() {
		m, _ := conn.Next()
		next <- m
	}()
	return next
}

// blunt is an Authorizer that cannot list its grants.
type blunt struct{ server.Authorizer }

// TestNoQuota has a server with such an Authorizer.
func TestNoQuota(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	s.stop()
	s.config.Authorizer = blunt{s.config.Authorizer}
	s.start()
	if _, err := s.client("alice").Quota(t.Context()); !errors.Is(err, transfer.ErrUnsupported) {
		t.Error(err)
	}
}
