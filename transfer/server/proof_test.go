// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/prefix"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestNeverMixed leaves a partial with the header and the length of another file, and
// then pushes that file. The object has no bytes of the first.
func TestNeverMixed(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	file := testkit.Sealed(10 << 20)
	for name, at := range map[string]int{"in the first chunk": 5000, "at the end": 8<<20 - 1, "nowhere": -1} {
		s := newServer(t, server.Limits{}, everything)
		other := bytes.Clone(file)
		if at >= 0 {
			other[at] ^= 1
		}
		s.abandoned(t, "a.pqe", other, 8<<20)
		until(t, "the partial is closed", func() bool { return s.server.Stats().Connections == 0 })
		before := s.server.Stats().Received
		if err := s.client("alice").PushFile(t.Context(), "a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
		want := int64(len(file))
		if at < 0 {
			want -= 8 << 20
		}
		if n := s.server.Stats().Received - before; n != want {
			t.Errorf("%s: %d bytes are sent, not %d", name, n, want)
		}
		var got bytes.Buffer
		if err := s.client("alice").Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{}); err != nil || !bytes.Equal(got.Bytes(), file) {
			t.Errorf("%s: another file is stored, %v", name, err)
		}
	}
}

// TestPipeResumes pushes an encrypted file from a pipe, after another process has pushed
// a part of it. If the part was of another file, the push can start over only while it
// has everything in memory.
func TestPipeResumes(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	file := testkit.Sealed(40 << 20)
	for name, c := range map[string]struct {
		part int
		same bool
		want error
	}{
		"same": {24 << 20, true, nil}, "other": {8 << 20, false, nil}, "other, too long": {24 << 20, false, transfer.ErrRewound},
	} {
		s := newServer(t, server.Limits{}, everything)
		other := bytes.Clone(file)
		if !c.same {
			other[5000] ^= 1
		}
		conn := s.raw(t, "alice")
		say(conn, push("a.pqe", other, wire.Unknown))
		receive(conn, wire.TypeReady)
		say(conn, start(0))
		for rest := other[:c.part]; len(rest) > 0; rest = rest[wire.MaxData:] {
			conn.Send(wire.TypeData, 1, rest[:wire.MaxData])
		}
		until(t, "all has come", func() bool { return s.server.Stats().Received == int64(c.part) })
		conn.Close()
		until(t, "the partial is closed", func() bool { return s.server.Stats().Connections == 0 })
		client := s.client("alice")
		if err := client.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != nil { // then nothing is in the way
			if err := client.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
				t.Errorf("%s, again: %v", name, err)
			}
		}
		var got bytes.Buffer
		if err := client.Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{}); err != nil || !bytes.Equal(got.Bytes(), file) {
			t.Errorf("%s: another file is stored, %v", name, err)
		}
	}
}

// TestProof asks for the digest of a partial as in PROTOCOL.md.
func TestProof(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(10 << 20)
	s.abandoned(t, "a.pqe", file, 8<<20)
	until(t, "the partial is closed", func() bool { return s.server.Stats().Connections == 0 })
	p := pushOf(file, int64(len(file)))
	p.ID[0]++
	conn := s.raw(t, "alice")
	say(conn, send{wire.TypePush, append(p.Marshal(), "a.pqe"...)}, send{wire.TypeCheck, nil})
	m, err := conn.Next()
	ready, failed := wire.ParseReady(m.Body)
	if err := errors.Join(err, failed); err != nil || ready.Proven || ready.Offset != 8<<20 {
		t.Fatalf("0x%02x, %+v, %v", m.Type, ready, err)
	}
	for m.Type != wire.TypePrefix {
		if m, err = conn.Next(); err != nil {
			t.Fatal(err)
		}
	}
	want, err := prefix.Digest(bytes.NewReader(file), 8<<20, nil)
	if err != nil || !bytes.Equal(m.Body, want[:]) {
		t.Errorf("%x, %v", m.Body, err)
	}
}

// TestProofsAreFew requires that at most two partials per client, and four in all, are
// read back at a time.
func TestProofsAreFew(t *testing.T) {
	var p server.Proofs
	var leave []func()
	for i, c := range []struct {
		who byte
		ok  bool
	}{{1, true}, {1, true}, {1, false}, {2, true}, {3, true}, {2, false}, {4, false}} {
		l, err := p.Enter(signature.Fingerprint{c.who})
		if (err == nil) != c.ok {
			t.Errorf("%d: %v", i, err)
		}
		if err == nil {
			leave = append(leave, l)
		}
	}
	for _, l := range leave {
		l()
	}
	if _, err := p.Enter(signature.Fingerprint{4}); err != nil {
		t.Error(err)
	}
}

// TestSmallWindow pushes with a window smaller than the unit that the server syncs.
func TestSmallWindow(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	p := pushOf(testkit.Sealed(10), wire.Unknown)
	p.Window = 8<<20 - 1
	if got, code := s.talk(t, "alice", send{wire.TypePush, append(p.Marshal(), "a.pqe"...)}); code != wire.CodeOf(wire.ErrWindow) {
		t.Error(got)
	}
}

// TestUnsupported sends requests reserved for later versions. Each is refused, and the
// connection continues.
func TestUnsupported(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	conn := s.raw(t, "alice")
	id := uint32(0)
	for _, typ := range []wire.Type{0x13, 0x18, 0x1a, 0x5f} {
		id++
		conn.Send(typ, id, make([]byte, wire.MaxData))
		m, err := conn.Next()
		if err != nil || m.Type != wire.TypeError || m.Request != id {
			t.Fatalf("0x%02x: 0x%02x, %v", typ, m.Type, err)
		}
		if e, err := wire.ParseError(m.Body); err != nil || e.Code != wire.CodeOf(wire.ErrUnsupported) {
			t.Errorf("0x%02x: %+v, %v", typ, e, err)
		}
	}
	id++
	conn.Send(wire.TypeList, id, list("").body)
	if m, err := conn.Next(); err != nil || m.Type != wire.TypePage {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
}

// TestManyDeletes deletes several objects by one request, one of which does not exist,
// and one of which the client may not delete.
func TestManyDeletes(t *testing.T) {
	s := newServer(t, server.Limits{}, everything, "{bob} push,delete b/**")
	file := testkit.Sealed(10)
	for _, name := range []string{"b/1.pqe", "b/2.pqe", "other.pqe"} {
		if err := s.client("alice").Push(t.Context(), name, bytes.NewReader(file), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var body []byte
	for _, name := range []string{"b/1.pqe", "other.pqe", "b/none.pqe", "b/2.pqe"} {
		body = append(body, remove(name).body...)
	}
	conn := s.raw(t, "bob")
	conn.Send(wire.TypeDelete, 1, body)
	m, err := conn.Next()
	results, failed := wire.ParseResults(m.Body)
	if err := errors.Join(err, failed); err != nil || len(results) != 4 || results[0] != 0 || results[1] != wire.CodeDenied || results[2] != wire.CodeOf(wire.ErrNotFound) || results[3] != 0 {
		t.Errorf("%v, %v", results, err)
	}
	if found, err := listed(s.client("alice"), ""); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

// TestPages lists more objects than fit into a page.
func TestPages(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newServer(t, server.Limits{}, everything, "{bob} list b*/**")
	s.stop()
	put := testkit.Sealed(0)
	const objects = 700 // of names of about 1000 bytes
	long := longName()
	for i := range objects {
		writeFile(t, s.config.Dir, string(rune('a'+i%4))+"/"+long+time.Duration(i).String(), put)
	}
	s.start()
	for who, want := range map[string]int{"alice": objects, "bob": objects / 4} {
		found, err := listed(s.client(who), "")
		if err != nil || len(found) != want {
			t.Errorf("%s: %d objects, %v", who, len(found), err)
		}
	}
	if found, err := listed(s.client("alice"), "b/"); err != nil || len(found) != objects/4 {
		t.Errorf("%d objects with a prefix, %v", len(found), err)
	}
	for range s.client("alice").List(t.Context(), "") {
		break // the rest is not sent
	}
}

// TestTogether has a concurrent push, pull and many lists of one client over one
// connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newServer(t, server.Limits{ConnectionsPerKey: 1}, everything)
	c := s.client("alice")
	c.OnRetry = func(r transfer.Retry) { t.Errorf("retry: %v", r.Err) }
	file := testkit.Sealed(20 << 20)
	if err := c.Push(t.Context(), "there.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	check := func(what string, do func() error) {
		all.Go(func() {
			if err := do(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	for range 2 {
		check("push", func() error {
			return c.Push(t.Context(), "new.pqe", bytes.NewReader(file), transfer.PushOptions{Overwrite: true})
		})
		check("pull", func() error { return c.Pull(t.Context(), "there.pqe", io.Discard, transfer.PullOptions{}) })
	}
	for range 50 {
		check("list", func() error { _, err := listed(c, ""); return err })
	}
	all.Wait()
	if n := s.server.Stats().Logins; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestRefusedGoesOn refuses pushes of one client. The next request uses the same
// connection.
func TestRefusedGoesOn(t *testing.T) {
	s := newServer(t, server.Limits{ObjectSize: 1 << 20}, "{alice} push,pull a/**")
	c := s.client("alice")
	file := testkit.Sealed(100000)
	large := testkit.Sealed(20 << 20)
	for range 3 {
		if err := c.Push(t.Context(), "b/denied.pqe", bytes.NewReader(file), transfer.PushOptions{}); !errors.Is(err, transfer.ErrDenied) {
			t.Error(err)
		}
		if err := c.Push(t.Context(), "a/large.pqe", bytes.NewReader(large), transfer.PushOptions{}); !errors.Is(err, transfer.ErrTooLarge) {
			t.Error(err)
		}
		if err := c.PushFunc(t.Context(), "a/failed.pqe", func(w io.Writer) error { w.Write(file[:50000]); return errors.New("mine") }, transfer.PushOptions{}); err == nil || err.Error() != "mine" {
			t.Error(err)
		}
		if err := c.Pull(t.Context(), "a/none.pqe", io.Discard, transfer.PullOptions{}); !errors.Is(err, transfer.ErrNotFound) {
			t.Error(err)
		}
	}
	if err := c.Push(t.Context(), "a/good.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Error(err)
	}
	if n := s.server.Stats().Logins; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestRevoked revokes the right to a running push and to a running pull, and then the
// access.
func TestRevoked(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newServer(t, server.Limits{}, everything)
	s.stop()
	f := &fickle{Authorizer: s.config.Authorizer, from: testkit.Identity("alice").Fingerprint()}
	s.config.Authorizer = f
	s.start()
	file := testkit.Sealed(1 << 20)
	slow := func(begun chan struct{}) func(w io.Writer) error {
		return func(w io.Writer) error {
			for i := range file {
				if _, err := w.Write(file[i : i+1]); err != nil {
					return err
				}
				if i == 50000 {
					close(begun)
				}
				if i > 50000 {
					time.Sleep(time.Millisecond)
				}
			}
			return nil
		}
	}
	begun, pushed, pulled := make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() {
		pushed <- s.client("alice").PushFunc(t.Context(), "a.pqe", slow(begun), transfer.PushOptions{})
	}()
	<-begun
	got := &firstWrite{first: make(chan struct{})}
	go func() {
		pulled <- s.client("alice").Pull(t.Context(), "a.pqe", got, transfer.PullOptions{Follow: true})
	}()
	<-got.first
	idle := s.raw(t, "alice")
	f.revoked.Store(true)
	since := time.Now()
	for _, done := range []chan error{pushed, pulled} {
		if err := <-done; !errors.Is(err, transfer.ErrDenied) {
			t.Error(err)
		}
	}
	f.unknown.Store(true)
	if _, code := talk(idle); code != wire.CodeDenied {
		t.Errorf("error %d", code)
	}
	t.Logf("it took %v", time.Since(since))
}

// firstWrite closes first at the first write.
type firstWrite struct {
	once  sync.Once
	first chan struct{}
}

func (w *firstWrite) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.first) })
	return len(p), nil
}

// Known can be revoked as well.
func (f *fickle) Known(client signature.Fingerprint) bool {
	return !(f.unknown.Load() && client == f.from) && f.Authorizer.Known(client)
}
