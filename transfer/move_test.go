// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"errors"
	"testing"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestOldServer supports neither moves nor quotas. It is asked once.
func TestOldServer(t *testing.T) {
	t.Parallel()
	asked := 0
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		for {
			m, err := conn.Next()
			if err != nil {
				return
			}
			asked++
			refuse(conn, m.Request, unsupported)
		}
	})
	c := h.client(t)
	err := c.Move(t.Context(), "a", "b", false)
	_, err2 := c.Quota(t.Context())
	c.Close()
	h.scripts.Wait()
	if asked != 2 || !errors.Is(err, transfer.ErrUnsupported) || !errors.Is(err2, transfer.ErrUnsupported) {
		t.Errorf("asked %d times: %v, %v", asked, err, err2)
	}
	for _, pair := range [][2]string{{"../a", "b"}, {"a", ""}} {
		if err := c.Move(t.Context(), pair[0], pair[1], false); !errors.Is(err, transfer.ErrName) {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

// TestLostMove loses the first answer to a move. The second answer is that the object
// does not exist: a list then shows if it was moved before.
func TestLostMove(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first  []uint16 // answered before the connection is cut
		listed []string
		want   error
	}{
		"moved":            {nil, []string{"b", "b.old"}, nil},
		"not moved":        {nil, []string{"b.old"}, transfer.ErrNotFound},
		"may list nothing": {nil, nil, transfer.ErrNotFound},
		"failed":           {[]uint16{wire.CodeInternal}, []string{"b"}, transfer.ErrNotFound}, // it may be moved, but not durably
	} {
		h := newHostile(t, func(conn *channel.Conn, attempt int) {
			for {
				m, err := conn.Next()
				switch {
				case err != nil:
					return
				case m.Type == wire.TypeList:
					conn.Send(wire.TypePage, m.Request, page(false, c.listed...))
				case len(c.first) > 0:
					conn.Send(wire.TypeResults, m.Request, wire.Results(c.first).Marshal())
					c.first = nil
				case attempt == 0 && name != "failed":
					return
				default:
					conn.Send(wire.TypeResults, m.Request, wire.Results{wire.CodeOf(wire.ErrNotFound)}.Marshal())
				}
			}
		})
		if err := h.client(t).Move(t.Context(), "a", "b", true); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
}

// TestLyingMoveServers answers moves and quota requests with invalid messages.
func TestLyingMoveServers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		typ  wire.Type
		body []byte
	}{
		"no result":        {wire.TypeResults, nil},
		"two results":      {wire.TypeResults, wire.Results{0, 0}.Marshal()},
		"half a result":    {wire.TypeResults, []byte{0}},
		"a page":           {wire.TypePage, page(false)},
		"malformed quotas": {wire.TypeQuotas, []byte{2}},
		"no end":           {wire.TypeQuotas, []byte{1}},
	} {
		h := newHostile(t, func(conn *channel.Conn, _ int) {
			m, _ := conn.Next()
			conn.Send(answer.typ, m.Request, answer.body)
			conn.Next()
		})
		c := h.client(t)
		err := c.Move(t.Context(), "a", "b", true)
		_, err2 := c.Quota(t.Context())
		if !errors.Is(err, transfer.ErrProtocol) || !errors.Is(err2, transfer.ErrProtocol) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
	}
}
