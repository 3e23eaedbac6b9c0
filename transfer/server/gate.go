// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"container/list"
	"net/netip"
	"sync"
)

// gate counts the connections that have not logged in yet. When there are too
// many, in all or from one address, the oldest is closed to make room: a login
// takes milliseconds, so the one that has waited longest is the least likely to
// come to something, and real clients still get in while somebody holds
// thousands open.
type gate struct {
	max, perAddress int

	mu      sync.Mutex
	waiting list.List                 // of *visitor, the oldest first
	from    map[netip.Addr]*list.List // the same by address, of *visitor
}

// visitor is one connection in front of the gate.
type visitor struct {
	addr       netip.Addr
	close      func()
	all, here  *list.Element // nil once it has left
	turnedAway bool
}

// enter lets a connection wait from which close can turn it away. The remote
// address is that of the TCP connection: what a proxy says of others is not
// believed.
func (g *gate) enter(remote string, close func()) *visitor {
	v := &visitor{addr: network(remote), close: close}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = make(map[netip.Addr]*list.List)
	}
	here := g.from[v.addr]
	if here == nil {
		here = new(list.List)
		g.from[v.addr] = here
	}
	if here.Len() >= g.perAddress {
		g.turnAway(here.Front().Value.(*visitor))
	}
	if g.waiting.Len() >= g.max {
		g.turnAway(g.waiting.Front().Value.(*visitor))
	}
	g.from[v.addr] = here // turning away may have removed it
	v.all, v.here = g.waiting.PushBack(v), here.PushBack(v)
	return v
}

// turnAway closes the oldest. The lock is held, so close must not block.
func (g *gate) turnAway(v *visitor) {
	v.turnedAway = true
	g.remove(v)
	go v.close()
}

// leave says that a connection has logged in, or ended. It returns whether it
// had been turned away.
func (g *gate) leave(v *visitor) (turnedAway bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(v)
	return v.turnedAway
}

func (g *gate) remove(v *visitor) {
	if v.all == nil {
		return
	}
	here := g.from[v.addr]
	g.waiting.Remove(v.all)
	here.Remove(v.here)
	if here.Len() == 0 {
		delete(g.from, v.addr)
	}
	v.all, v.here = nil, nil
}

// clear turns everybody away.
func (g *gate) clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.waiting.Len() > 0 {
		g.turnAway(g.waiting.Front().Value.(*visitor))
	}
}

func (g *gate) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting.Len()
}

// network returns what counts as one address: an IPv6 host has a /64 of them.
func network(remote string) netip.Addr {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	ip := addr.Addr().Unmap().WithZone("")
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return ip
}
