// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestIdleServer has a server that is there and does nothing, as one whose disk
// hangs: clients give up. So they do when it says each time that it has waited too
// long.
func TestIdleServer(t *testing.T) {
	file := testkit.Sealed(1 << 20)
	requests := map[string]func(c *transfer.Client) error{
		"push": func(c *transfer.Client) error {
			return c.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{})
		},
		"pull": func(c *transfer.Client) error {
			return c.Pull(t.Context(), "a.pqe", io.Discard, transfer.PullOptions{})
		},
		"list":   func(c *transfer.Client) error { _, err := c.List(t.Context(), ""); return err },
		"delete": func(c *transfer.Client) error { return c.Delete(t.Context(), "a.pqe") },
	}
	servers := map[string]func(c *channel.Conn, attempt int){
		"alive":           func(c *channel.Conn, _ int) { beat(c) },
		"alive in a push": func(c *channel.Conn, _ int) { c.Send(wire.TypeReady, wire.Size(0)); beat(c) },
		"acknowledging nothing in a push": func(c *channel.Conn, _ int) {
			c.Send(wire.TypeReady, wire.Size(0))
			for c.Send(wire.TypeDurable, wire.Size(0)) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		},
		"sending nothing in a pull": func(c *channel.Conn, _ int) {
			c.Send(wire.TypeObject, (&wire.Object{Length: 100000, Digest: [32]byte{1}}).Marshal())
			for c.SendData(nil) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		},
		"tired": func(c *channel.Conn, _ int) { c.Next(); c.Fail(wire.CodeIdle, "") },
	}
	for server, script := range servers {
		for request, do := range requests {
			if _, only, ok := strings.Cut(server, " in a "); ok && request != only {
				continue
			}
			t.Run(server+", "+request, func(t *testing.T) {
				t.Parallel()
				c := newHostile(t, script).client(t)
				c.GiveUpAfter, c.Silence = 300*time.Millisecond, 200*time.Millisecond
				if err := do(c); !errors.Is(err, transfer.ErrGaveUp) {
					t.Error(err)
				}
			})
		}
	}
}

// TestWaiting has a source that gives nothing for a while, and an object that does
// not come for a while: the server tires of waiting, and the client neither gives up
// nor complains.
func TestWaiting(t *testing.T) {
	t.Parallel()
	const idle = syncAfter * 3 / 2 // what was sent is acknowledged by then
	s := newServer(t, transfer.Limits{Idle: idle, Silence: idle}, everything)
	file := testkit.Sealed(1 << 20)
	quiet := func(name string) *transfer.Client {
		c := s.client("alice")
		c.GiveUpAfter, c.Silence = idle+idle/3, idle
		c.OnRetry = func(r transfer.Retry) { t.Errorf("%s: retry: %v", name, r.Err) }
		return c
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pulled := make(chan error, 1)
	var got bytes.Buffer
	follower, pusher := quiet("pull"), quiet("push")
	go func() { pulled <- follower.Pull(ctx, "a.pqe", &got, transfer.PullOptions{Follow: true}) }()
	src, w := io.Pipe()
	go func() {
		w.Write(file[:100000])
		time.Sleep(5 * idle / 2)
		w.Write(file[100000:])
		w.Close()
	}()
	if err := pusher.Push(ctx, "a.pqe", src, transfer.PushOptions{}); err != nil {
		cancel()
		t.Error("push:", err)
	}
	if err := <-pulled; err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d of %d bytes pulled, %v", got.Len(), len(file), err)
	}
}

// beat gives signs of life, and nothing else.
func beat(c *channel.Conn) {
	for c.Send(wire.TypeBeat, nil) == nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// syncAfter is how long a server lets a few bytes wait until it acknowledges them.
const syncAfter = time.Second

// TestStopWhileWaiting stops a server while somebody waits for an object: that is no
// transfer to be waited for.
func TestStopWhileWaiting(t *testing.T) {
	s := newServer(t, transfer.Limits{}, everything)
	c := s.client("alice")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Pull(ctx, "a.pqe", io.Discard, transfer.PullOptions{Follow: true}) }()
	for s.server.Stats().Connections == 0 {
		time.Sleep(time.Millisecond)
	}
	patient, cancelStop := context.WithTimeout(t.Context(), time.Minute)
	defer cancelStop()
	if err := s.server.Shutdown(patient); err != nil || patient.Err() != nil {
		t.Errorf("%v, %v", err, patient.Err())
	}
	s.server = nil
	s.http.Close()
	cancel()
	<-ended
}
