// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestGate(t *testing.T) {
	g := &gate{max: 3, perAddress: 2}
	closed := make(chan string, 10)
	enter := func(remote string) *visitor {
		return g.enter(addressOf(remote), func() { closed <- remote })
	}
	first := enter("192.0.2.1:1")
	second := enter("192.0.2.1:2")
	other := enter("192.0.2.2:1")
	enter("192.0.2.1:3") // one too many from there
	if got := <-closed; got != "192.0.2.1:2" {
		t.Errorf("%s was turned away", got)
	}
	if !g.leave(second) {
		t.Error("the second does not know that it was turned away")
	}
	enter("[2001:db8::1]:1") // one too many in all
	if got := <-closed; got != "192.0.2.1:3" {
		t.Errorf("%s was turned away", got)
	}
	if g.leave(other) || g.leave(first) {
		t.Error("another one was turned away")
	}
	enter("[2001:db8::2]:1") // of the same network
	enter("[2001:db8::3]:1")
	if got := <-closed; got != "[2001:db8::2]:1" {
		t.Errorf("%s was turned away", got)
	}
	enter("192.0.2.3:1")
	enter("192.0.2.4:1")
	if got := <-closed; got != "[2001:db8::3]:1" {
		t.Errorf("%s was turned away", got)
	}
	if g.len() != 3 {
		t.Errorf("%d are waiting", g.len())
	}
	g.clear()
	if g.len() != 0 || len(g.from) != 0 {
		t.Errorf("%d are left, from %d addresses", g.len(), len(g.from))
	}
}

// TestGateIsBounded requires that the limits hold for many connections in any order.
func TestGateIsBounded(t *testing.T) {
	g := &gate{max: 20, perAddress: 5}
	var inside []*visitor
	for range 10000 {
		if rand.N(3) == 0 && len(inside) > 0 {
			i := rand.N(len(inside))
			g.leave(inside[i])
			inside = append(inside[:i], inside[i+1:]...)
			continue
		}
		inside = append(inside, g.enter(addressOf(fmt.Sprintf("192.0.2.%d:1", rand.N(7))), func() {}))
		if g.len() > g.max {
			t.Fatalf("%d are waiting", g.len())
		}
		for addr, here := range g.from {
			if len(here) > g.perAddress || len(here) == 0 {
				t.Fatalf("%d are waiting from %s", len(here), addr)
			}
		}
	}
	for _, v := range inside {
		g.leave(v)
	}
	if g.len() != 0 || len(g.from) != 0 {
		t.Errorf("%d are left, from %d addresses", g.len(), len(g.from))
	}
}

// TestGateForStrangers has unknown clients that hold all places, or keep reconnecting. In
// neither case are connections from other addresses closed, and a client at the same
// address has a chance.
func TestGateForStrangers(t *testing.T) {
	const places = 100
	for _, perAddress := range []int{places, places / 2} {
		g := &gate{max: places, perAddress: perAddress}
		enter := func(remote string) *visitor { return g.enter(addressOf(remote), func() {}) }
		for i := range 10 * places {
			enter(fmt.Sprintf("192.0.2.%d:1", i%2))
		}
		old, out := enter("198.51.100.1:1"), 0
		for range places {
			here := enter("192.0.2.1:2")
			for range 5 {
				enter("192.0.2.1:1")
			}
			if g.leave(here) {
				out++
			}
		}
		if g.leave(old) {
			t.Error("somebody else was turned away")
		}
		if out > places/2 {
			t.Errorf("%d of %d were turned away from the strangers' address", out, places)
		}
	}
}
