// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
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

// TestIdleServer has a server that does nothing, as with a disk that hangs: clients stop
// trying. So they do if it returns an idle timeout each time.
func TestIdleServer(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1 << 20)
	requests := map[string]func(c *transfer.Client) error{
		"push": func(c *transfer.Client) error {
			return c.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{})
		},
		"pull": func(c *transfer.Client) error {
			return c.Pull(t.Context(), "a.pqe", io.Discard, transfer.PullOptions{})
		},
		"list":   func(c *transfer.Client) error { _, err := listed(c, ""); return err },
		"delete": func(c *transfer.Client) error { return c.Delete(t.Context(), "a.pqe") },
	}
	servers := map[string]func(c *channel.Conn, attempt int){
		"alive":           func(c *channel.Conn, _ int) { beat(c) },
		"alive in a push": func(c *channel.Conn, _ int) { c.Next(); c.Send(wire.TypeReady, 1, readyAt(0)); beat(c) },
		"acknowledging nothing in a push": func(c *channel.Conn, _ int) {
			c.Next()
			c.Send(wire.TypeReady, 1, readyAt(0))
			for c.Send(wire.TypeDurable, 1, wire.Size(0)) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		},
		"sending nothing in a pull": func(c *channel.Conn, _ int) {
			c.Next()
			c.Send(wire.TypeObject, 1, (&wire.Object{Length: 100000, Digest: [32]byte{1}}).Marshal())
			for c.Send(wire.TypeData, 1, nil) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		},
		"tired": func(c *channel.Conn, _ int) { c.Next(); c.Fail(wire.CodeOf(wire.ErrIdle), "") },
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

// beat sends only keepalives.
func beat(c *channel.Conn) {
	for c.Send(wire.TypeBeat, 0, nil) == nil {
		time.Sleep(20 * time.Millisecond)
	}
}
