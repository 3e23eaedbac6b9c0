// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestStall lets nothing more pass after the middle, while all connections stay open: the
// new connection has to take over from the one that seems alive.
func TestStall(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, server.Limits{Silence: time.Minute})
			r := newRelay(t, s.addr())
			r.at(way.direction, int64(len(large())/2), (*line).stall)
			c := newClient(t, "alice", r.addr())
			c.Silence = 2 * time.Second
			way.run(t, s, c, large())
			r.wantNoneLeft(t)
			wantLittleAgain(t, r.count(way.direction), int64(len(large())))
		})
	}
}

// TestTrickle lets single bytes pass for longer than the idle timeout.
func TestTrickle(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, server.Limits{Silence: 3 * time.Second})
			r := newRelay(t, s.addr())
			r.at(way.direction, int64(len(small())/2), func(l *line) { l.trickle(way.direction, 10, 500*time.Millisecond) })
			c := newClient(t, "alice", r.addr())
			c.Silence = 3 * time.Second
			c.OnRetry = func(r transfer.Retry) { t.Errorf("retry: %v", r.Err) }
			way.run(t, s, c, small())
			r.wantNoneLeft(t)
		})
	}
}

// TestSlowReader pulls to a client that reads nothing for longer than the idle timeout. The
// client and the server are alive nevertheless.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const silence = 3 * time.Second
	s := newServer(t, server.Limits{Silence: silence})
	s.put(t, large())
	c := newClient(t, "alice", s.addr())
	c.Silence = silence
	c.OnRetry = func(r transfer.Retry) { t.Errorf("retry: %v", r.Err) }
	got := &comparer{want: large()}
	slow := writerFunc(func(p []byte) (int, error) {
		if middle := len(large()) / 2; got.at < middle && got.at+len(p) >= middle {
			time.Sleep(2 * silence)
		}
		return got.Write(p)
	})
	if err := c.Pull(t.Context(), name, slow, transfer.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	got.wantAll(t)
}

// TestSlowSource pushes from a source that has nothing for that long.
func TestSlowSource(t *testing.T) {
	t.Parallel()
	const silence = 3 * time.Second
	s := newServer(t, server.Limits{Silence: silence})
	c := newClient(t, "alice", s.addr())
	c.Silence = silence
	c.OnRetry = func(r transfer.Retry) { t.Errorf("retry: %v", r.Err) }
	half := len(small()) / 2
	src := io.MultiReader(bytes.NewReader(small()[:half]), pause(2*silence), bytes.NewReader(small()[half:]))
	if err := c.Push(t.Context(), name, src, transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	s.wantObject(t, small())
}

// pause is an empty reader that waits before its end.
func pause(d time.Duration) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		time.Sleep(d)
		return 0, io.EOF
	})
}

type (
	readerFunc func([]byte) (int, error)
	writerFunc func([]byte) (int, error)
)

func (f readerFunc) Read(p []byte) (int, error)  { return f(p) }
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
