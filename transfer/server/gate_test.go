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
		return g.enter(remote, func() { closed <- remote })
	}
	first := enter("192.0.2.1:1")
	enter("192.0.2.1:2")
	other := enter("192.0.2.2:1")
	enter("192.0.2.1:3") // one too many from there
	if got := <-closed; got != "192.0.2.1:1" {
		t.Errorf("%s was turned away", got)
	}
	if !g.leave(first) {
		t.Error("the first does not know that it was turned away")
	}
	enter("[2001:db8::1]:1") // one too many in all
	if got := <-closed; got != "192.0.2.1:2" {
		t.Errorf("%s was turned away", got)
	}
	if g.leave(other) {
		t.Error("another one was turned away")
	}
	enter("[2001:db8::2]:1") // of the same network
	enter("[2001:db8::3]:1")
	if got := <-closed; got != "[2001:db8::1]:1" {
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

// TestGateIsBounded holds a crowd to the limits, whatever the order.
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
		inside = append(inside, g.enter(fmt.Sprintf("192.0.2.%d:1", rand.N(7)), func() {}))
		if g.len() > g.max {
			t.Fatalf("%d are waiting", g.len())
		}
		for addr, here := range g.from {
			if here.Len() > g.perAddress || here.Len() == 0 {
				t.Fatalf("%d are waiting from %s", here.Len(), addr)
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
