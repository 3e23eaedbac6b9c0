// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
)

// gate counts the connections before the login. If there are too many from one address, it
// closes one of these, and if there are too many in all, one from the address that has the
// most. So strangers displace each other and nobody else, unless they have as many addresses
// as there are places.
//
// The connection to close is random among the newer half of that address, because honest
// clients may share an address with strangers, such as that of a proxy. If it were always the
// newest, nobody else would get in while strangers wait. If it were always the oldest, nobody
// would complete a login while strangers keep coming.
type gate struct {
	max, perAddress int

	mu      sync.Mutex
	waiting int
	from    map[netip.Addr][]*visitor // the oldest first
}

// visitor is a connection before the login.
type visitor struct {
	addr       netip.Addr
	close      func()
	turnedAway bool
}

// enter adds a connection from that address, which close closes.
func (g *gate) enter(from netip.Addr, close func()) *visitor {
	v := &visitor{addr: network(from), close: close}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = make(map[netip.Addr][]*visitor)
	}
	if here := g.from[v.addr]; len(here) >= g.perAddress {
		g.turnAway(newer(here))
	}
	if g.waiting >= g.max {
		g.turnAway(newer(g.busiest()))
	}
	g.from[v.addr] = append(g.from[v.addr], v)
	g.waiting++
	return v
}

// busiest returns the connections from the address that has the most. If there are several
// such addresses, it is any of them: the order of a map is random.
func (g *gate) busiest() (most []*visitor) {
	for _, here := range g.from {
		if len(here) > len(most) {
			most = here
		}
	}
	return most
}

// newer returns a random one of the newer half.
func newer(here []*visitor) *visitor {
	half := len(here) / 2
	return here[half+rand.N(len(here)-half)]
}

// turnAway closes a connection. The lock is held, so close must not block.
func (g *gate) turnAway(v *visitor) {
	v.turnedAway = true
	g.remove(v)
	go v.close()
}

// leave removes a connection that has logged in or ended. It reports whether the connection
// had been turned away.
func (g *gate) leave(v *visitor) (turnedAway bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(v)
	return v.turnedAway
}

func (g *gate) remove(v *visitor) {
	here := g.from[v.addr]
	i := slices.Index(here, v)
	if i < 0 {
		return
	}
	g.waiting--
	if g.from[v.addr] = slices.Delete(here, i, i+1); len(here) == 1 {
		delete(g.from, v.addr)
	}
}

// clear turns all connections away.
func (g *gate) clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, here := range g.from {
		for _, v := range slices.Clone(here) {
			g.turnAway(v)
		}
	}
}

func (g *gate) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// network returns the address for which connections are counted: an IPv6 host has a /64.
func network(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return addr
}
