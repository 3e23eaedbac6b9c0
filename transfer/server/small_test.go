// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// putOf is the request to store a file in one message.
func putOf(name string, file []byte, overwrite bool) send {
	n, err := wire.ParseName(name)
	if err != nil {
		panic(err)
	}
	return send{wire.TypePut, (&wire.Put{Overwrite: overwrite, ID: wire.PushID{1}, Name: n, Object: file}).Marshal()}
}

func getOf(name string, offset int64, length uint32, digest [32]byte) send {
	n, err := wire.ParseName(name)
	if err != nil {
		panic(err)
	}
	return send{wire.TypeGet, (&wire.Get{Offset: offset, Length: length, Digest: digest, Name: n}).Marshal()}
}

// TestSmallRights puts and gets with rights and without.
func TestSmallRights(t *testing.T) {
	file, other := testkit.Sealed(1000), testkit.Sealed(2000)
	s := newServer(t, server.Limits{ObjectSize: 7000}, everything, "{bob} push b/**", "{carol} push c/** quota=5KB")
	alice := func(m send) uint16 { _, code := s.talk(t, "alice", m); return code }
	bob := func(m send) uint16 { _, code := s.talk(t, "bob", m); return code }
	carol := func(m send) uint16 { _, code := s.talk(t, "carol", m); return code }
	changed := putOf("b/1", file, false)
	changed.body[1]++ // another push
	for i, test := range []struct {
		got, want uint16
	}{
		{alice(putOf("b/1", file, false)), 0},
		{alice(putOf("b/1", file, false)), 0}, // again, the same push
		{alice(changed), wire.CodeOf(wire.ErrExists)},
		{alice(putOf("b/1", other, false)), wire.CodeOf(wire.ErrExists)},
		{bob(putOf("b/1", file, false)), wire.CodeOf(wire.ErrExists)},
		{bob(putOf("b/1", other, true)), wire.CodeOf(wire.ErrExists)}, // may not overwrite
		{bob(putOf("a/1", file, false)), wire.CodeDenied},
		{bob(putOf("b/2", file, false)), 0},
		{carol(putOf("c/1", file, false)), wire.CodeOf(wire.ErrQuota)},
		{alice(putOf("b/3", testkit.Sealed(5000), false)), wire.CodeOf(wire.ErrTooLarge)},
		{alice(putOf("b/3", []byte("not a file"), false)), wire.CodeOf(wire.ErrNotPqenc)},
		{alice(putOf("b/3", nil, false)), wire.CodeOf(wire.ErrNotPqenc)},
		{alice(send{wire.TypePut, append(make([]byte, 17), "\x00\x02..object"...)}), wire.CodeOf(wire.ErrName)},
		{alice(send{wire.TypePut, make([]byte, 10)}), wire.CodeProtocol},
		{bob(getOf("b/1", 0, 10, [32]byte{})), wire.CodeDenied},
		{bob(getOf("b/none", 0, 10, [32]byte{})), wire.CodeDenied},
		{alice(getOf("b/none", 0, 10, [32]byte{})), wire.CodeOf(wire.ErrNotFound)},
		{alice(getOf("b/1", int64(len(file))+1, 10, [32]byte{})), wire.CodeOf(wire.ErrChanged)},
		{alice(getOf("b/1", 0, 10, [32]byte{1})), wire.CodeOf(wire.ErrChanged)},
	} {
		if test.got != test.want {
			t.Errorf("request %d: error %d, not %d", i, test.got, test.want)
		}
	}
	stats := s.server.Stats()
	if stats.Pushes != 3 || stats.FailedPushes == 0 || stats.Objects != 2 || stats.Received != 2*int64(len(file)) {
		t.Errorf("%+v", stats)
	}
}

// content sends a get and returns the answer.
func content(t *testing.T, conn *channel.Conn, id uint32, ask send) *wire.Content {
	t.Helper()
	conn.Send(ask.typ, id, ask.body)
	m, err := conn.Next()
	if err != nil || m.Type != wire.TypeContent || m.Request != id {
		t.Fatalf("0x%02x, %v", m.Type, err)
	}
	c, err := wire.ParseContent(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	c.Bytes = bytes.Clone(c.Bytes)
	return c
}

// TestGetParts gets an object in parts, the last of which is shorter.
func TestGetParts(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(600_000)
	if err := s.client("alice").Push(t.Context(), "a", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	conn := s.raw(t, "alice")
	var got []byte
	digest := sha256.Sum256(file[:4096])
	id := uint32(0)
	for range 4 {
		id++
		c := content(t, conn, id, getOf("a", int64(len(got)), wire.MaxGet, digest))
		if c.Length != int64(len(file)) || c.Digest != digest {
			t.Errorf("of %d bytes", c.Length)
		}
		got = append(got, c.Bytes...)
	}
	if !bytes.Equal(got, file) {
		t.Errorf("%d bytes", len(got))
	}
	for offset, length := range map[int64]uint32{0: 0, 4000: 100, int64(len(file)): 10} {
		id++
		want := file[offset:min(offset+int64(length), int64(len(file)))]
		if c := content(t, conn, id, getOf("a", offset, length, [32]byte{})); !bytes.Equal(c.Bytes, want) {
			t.Errorf("at %d there are %d bytes", offset, len(c.Bytes))
		}
	}
	conn.Send(wire.TypeGet, id+1, getOf("a", 0, wire.MaxGet+1, digest).body)
	if m, err := conn.Next(); !errors.Is(err, wire.ErrProtocol) {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
}

// TestPullSmall pulls objects that fit into one message, and that do not.
func TestPullSmall(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	overhead := len(testkit.Sealed(0))
	for _, size := range []int{0, 1000, wire.MaxGet - overhead, wire.MaxGet - overhead + 1, 2 << 20} {
		file := testkit.Sealed(size)
		if err := c.Push(t.Context(), "a", bytes.NewReader(file), transfer.PushOptions{Overwrite: true, Small: true}); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		said := int64(-2)
		o := transfer.PullOptions{Small: true, Started: func(n int64) error { said = n; return nil }}
		if err := c.Pull(t.Context(), "a", &got, o); err != nil || !bytes.Equal(got.Bytes(), file) || said != int64(len(file)) {
			t.Errorf("%d bytes of %d, said to be %d, %v", got.Len(), len(file), said, err)
		}
		o.Offset, o.Header = 4100, file[:4096]
		o.Digest = sha256.Sum256(o.Header)
		got.Reset()
		if err := c.Pull(t.Context(), "a", &got, o); err != nil || !bytes.Equal(got.Bytes(), file[4100:]) {
			t.Errorf("%d bytes, the rest of %d, %v", got.Len(), len(file), err)
		}
	}
}

// TestTooManyPuts runs 16 puts, and one more, which is not accepted.
func TestTooManyPuts(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	stored, release := make(chan struct{}), make(chan struct{})
	s.stop()
	s.config.OnCommit = func(context.Context, server.Commit) {
		stored <- struct{}{}
		<-release
	}
	s.start()
	file := testkit.Sealed(100)
	conn := s.raw(t, "alice")
	for i := range uint32(wire.MaxSmall) {
		conn.Send(wire.TypePut, i+1, putOf(fmt.Sprint(i), file, false).body)
	}
	for range wire.MaxSmall {
		<-stored
	}
	conn.Send(wire.TypePut, 17, putOf("17", file, false).body)
	if m, err := conn.Next(); !errors.Is(err, wire.ErrProtocol) {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
	close(release)
	if objects, err := listed(s.client("alice"), ""); len(objects) != wire.MaxSmall || err != nil {
		t.Errorf("%d objects, %v", len(objects), err)
	}
}

// TestPutTakesOver has a put take over from a push of the same client.
func TestPutTakesOver(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	file, large := testkit.Sealed(100), testkit.Sealed(1<<20)
	first := s.raw(t, "alice")
	say(first, push("a", large, int64(len(large))))
	if m, err := first.Next(); err != nil || m.Type != wire.TypeReady {
		t.Fatalf("0x%02x, %v", m.Type, err)
	}
	say(first, send{wire.TypeStart, wire.Size(0)})
	if answers, code := s.talk(t, "alice", putOf("a", file, false)); code != 0 {
		t.Error(answers)
	}
	m, err := first.Next()
	for err == nil && m.Type == wire.TypeDurable {
		m, err = first.Next()
	}
	if e, failed := wire.ParseError(m.Body); err != nil || failed != nil || e.Code != wire.CodeOf(wire.ErrTakenOver) {
		t.Errorf("0x%02x: %+v, %v", m.Type, e, err)
	}
	if got, err := os.ReadFile(filepath.Join(s.config.Dir, "a")); err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestManyPuts has several clients push more than the server has memory for, and pull it.
func TestManyPuts(t *testing.T) {
	testkit.Long(t)
	s := newServer(t, server.Limits{}, everything, "{bob} push,pull b/**")
	file := testkit.Sealed(250_000) // 200 of them are 50 MB
	var all sync.WaitGroup
	for _, who := range []string{"alice", "bob"} {
		c := s.client(who)
		c.Connections = 4
		for i := range 100 {
			all.Go(func() {
				name := fmt.Sprintf("b/%s/%d", who, i)
				if err := c.Push(t.Context(), name, bytes.NewReader(file), transfer.PushOptions{Small: true}); err != nil {
					t.Error(err)
				}
				var got bytes.Buffer
				if err := c.Pull(t.Context(), name, &got, transfer.PullOptions{Small: true}); err != nil || !bytes.Equal(got.Bytes(), file) {
					t.Errorf("%d bytes, %v", got.Len(), err)
				}
			})
		}
	}
	all.Wait()
}

// TestPutCut cuts all connections repeatedly while many small objects are pushed. All of
// them are stored in the end, and none fails because it exists already.
func TestPutCut(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(1000)
	c := s.client("alice")
	c.Connections = 2
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if err := c.Push(t.Context(), fmt.Sprint(i), bytes.NewReader(file), transfer.PushOptions{Small: true}); err != nil {
				t.Error(err)
			}
			if i%20 == 0 {
				s.cut()
			}
		})
	}
	all.Wait()
	if objects, err := listed(s.client("alice"), ""); len(objects) != 100 || err != nil {
		t.Errorf("%d objects, %v", len(objects), err)
	}
}

// TestFollowedPut waits for an object that arrives in one message.
func TestFollowedPut(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
	file := testkit.Sealed(1000)
	var got bytes.Buffer
	follower := s.client("alice")
	done := make(chan error)
	go func() { done <- follower.Pull(t.Context(), "a", &got, transfer.PullOptions{Follow: true, Small: true}) }()
	for !strings.Contains(s.log.String(), "pull begins") { // until it waits
		time.Sleep(time.Millisecond)
	}
	if err := s.client("alice").Push(t.Context(), "a", bytes.NewReader(file), transfer.PushOptions{Small: true}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}
