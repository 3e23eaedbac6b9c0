// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"testing"

	"github.com/pqenc/pqenc/transfer/server"
)

// TestBadLine transfers over lines that are slow in different ways, and cut in the
// middle.
func TestBadLine(t *testing.T) {
	for _, bad := range []struct {
		name   string
		toxics []toxic
	}{
		{"latency", []toxic{{"latency", `"latency": 100, "jitter": 50`}}},
		{"bandwidth", []toxic{{"bandwidth", `"rate": 4000`}}},
		{"slicer", []toxic{{"slicer", `"average_size": 1000, "size_variation": 900, "delay": 10`}}},
		{"slow close", []toxic{{"slow_close", `"delay": 1000`}}},
		{"all", []toxic{
			{"latency", `"latency": 50, "jitter": 20`},
			{"slicer", `"average_size": 8000, "size_variation": 7000, "delay": 10`},
			{"bandwidth", `"rate": 4000`},
			{"slow_close", `"delay": 1000`},
		}},
	} {
		for _, way := range ways {
			t.Run(bad.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, server.Limits{})
				r, addr := badLine(t, way.direction, s.addr(), bad.toxics)
				r.at(way.direction, int64(len(small())/2), (*line).cut)
				way.run(t, s, newClient(t, "alice", addr), small())
				wantLittleAgain(t, r.count(way.direction), int64(len(small())))
			})
		}
	}
}

// badLine is a line through toxics, and then through a relay, which counts what arrives at
// the other end. When the relay cuts the line, what waits before it is lost.
func badLine(t *testing.T, d direction, target string, toxics []toxic) (r *relay, addr string) {
	if d == up {
		r = newRelay(t, target)
		return r, newToxiproxy(t, r.addr(), toxics...).Listen
	}
	r = newRelay(t, newToxiproxy(t, target, toxics...).Listen)
	return r, r.addr()
}
