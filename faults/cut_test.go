// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"fmt"
	"testing"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestCut ends a connection after each tenth of a file.
func TestCut(t *testing.T) {
	for _, way := range ways {
		for _, how := range []struct {
			name string
			do   func(*line)
		}{
			{"closed", (*line).finish},
			{"half-closed towards the receiver", func(l *line) { l.halfClose(way.direction) }},
			{"half-closed towards the sender", func(l *line) { l.halfClose(1 - way.direction) }},
		} {
			t.Run(way.name+", "+how.name, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, server.Limits{})
				r := newRelay(t, s.addr())
				r.atTenths(way.direction, int64(len(large())), how.do)
				way.run(t, s, newClient(t, "alice", r.addr()), large())
				r.wantNoneLeft(t)
				wantLittleAgain(t, r.count(way.direction), int64(len(large())))
			})
		}
	}
}

// TestReset resets the connection, once in each transfer: the system of the receiver then
// discards megabytes that have already arrived.
func TestReset(t *testing.T) {
	size := int64(len(large()))
	for _, way := range ways {
		for tenth := range int64(9) {
			t.Run(fmt.Sprintf("%s, at %d %%", way.name, 10*(tenth+1)), func(t *testing.T) {
				t.Parallel()
				s := newServer(t, server.Limits{})
				r := newRelay(t, s.addr())
				r.at(way.direction, size*(tenth+1)/10, (*line).reset)
				way.run(t, s, newClient(t, "alice", r.addr()), large())
				r.wantNoneLeft(t)
				wantLittleAgain(t, r.count(way.direction), size)
			})
		}
	}
}

// TestResetEarly resets the first connections before any data has passed.
func TestResetEarly(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{})
	r := newRelay(t, newToxiproxy(t, s.addr(), toxic{"reset_peer", `"timeout": 10`}).Listen)
	c := newClient(t, "alice", r.addr())
	resets := 0
	c.OnRetry = func(transfer.Retry) {
		if resets++; resets == 3 {
			r.route(s.addr())
		}
	}
	ways[0].run(t, s, c, small())
	if resets != 3 {
		t.Errorf("%d resets", resets)
	}
}
