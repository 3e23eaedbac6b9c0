// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// kind is the kind of a request, for [limits].
type kind int

const (
	pushing kind = iota
	pulling
	asking // a small request
	kinds
)

// limits are the numbers of requests of each kind on a connection.
var limits = [kinds]int{pushing: 1, pulling: 1, asking: wire.MaxSmall}

// poolConn is a place for a connection, and for the next one when that is lost.
type poolConn struct {
	dialing chan struct{} // a semaphore for opening the connection
	conn    atomic.Pointer[channel.Conn]
	used    [kinds]int // running requests
	good    bool       // a request has ended on it
}

func newPoolConn(conn *channel.Conn) *poolConn {
	pc := &poolConn{dialing: make(chan struct{}, 1)}
	pc.conn.Store(conn)
	return pc
}

// live returns the connection, or nil if there is none or it was lost.
func (pc *poolConn) live() *channel.Conn {
	conn := pc.conn.Load()
	if conn == nil {
		return nil
	}
	select {
	case <-conn.Closed():
		return nil
	default:
		return conn
	}
}

// pool holds the connections of a client. It opens another one when all are busy and no
// request ends for a while, as on a line with a long delay. The zero value is ready to use.
type pool struct {
	mu      sync.Mutex
	all     []*poolConn
	waiting [kinds][]chan *poolConn // waiting goroutines, in order
	freed   [kinds]time.Time        // when a place was last freed

	opening int                // connections that are being opened
	refused bool               // no more can be opened
	open    context.Context    // until the client is closed; nil before it is needed
	stop    context.CancelFunc // ends it
}

// longWait is how long no place is freed before another connection is opened.
const longWait = 50 * time.Millisecond

// acquire waits for a place for a request of that kind, on one of up to limit connections.
// dial opens one more.
func (p *pool) acquire(ctx context.Context, k kind, limit int, dial func(context.Context) (*channel.Conn, error)) (*poolConn, error) {
	p.mu.Lock()
	if len(p.all) == 0 {
		p.all = append(p.all, newPoolConn(nil))
	}
	if pc := p.take(k); pc != nil {
		p.mu.Unlock()
		return pc, nil
	}
	ready := make(chan *poolConn, 1)
	p.waiting[k] = append(p.waiting[k], ready)
	p.mu.Unlock()
	late := time.NewTimer(longWait)
	defer late.Stop()
	for {
		select {
		case pc := <-ready:
			return pc, nil
		case <-late.C:
			late.Reset(p.extend(k, limit, dial))
		case <-ctx.Done():
			p.stopWaiting(ready, k)
			return nil, context.Cause(ctx)
		}
	}
}

// take takes a place, with p.mu held. It returns nil if none is free.
func (p *pool) take(k kind) *poolConn {
	for _, pc := range p.all {
		if pc.used[k] < limits[k] {
			pc.used[k]++
			return pc
		}
	}
	return nil
}

// extend starts to open a connection if no place was freed for a long time. It returns how
// long to wait before the next try.
func (p *pool) extend(k kind, limit int, dial func(context.Context) (*channel.Conn, error)) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := longWait - time.Since(p.freed[k]); left > 0 {
		return left
	}
	if len(p.all)+p.opening >= limit || p.refused || p.all[0].conn.Load() == nil {
		return longWait
	}
	if p.open == nil {
		p.open, p.stop = context.WithCancel(context.Background())
	}
	p.opening++
	p.freed[k] = time.Now() // not one for each waiting goroutine
	go p.add(p.open, dial)
	return longWait
}

// add opens a connection for the waiting goroutines. If that fails, the server most likely
// has too many, and the client opens no more.
func (p *pool) add(open context.Context, dial func(context.Context) (*channel.Conn, error)) {
	conn, err := dial(open)
	p.mu.Lock()
	defer p.mu.Unlock()
	if open != p.open { // the client was closed
		if err == nil {
			conn.Close()
		}
		return
	}
	p.opening--
	if err != nil {
		p.refused = true
		return
	}
	p.all = append(p.all, newPoolConn(conn))
	p.wake()
}

// wake gives free places to waiting goroutines, with p.mu held.
func (p *pool) wake() {
	for k := range kinds {
		for len(p.waiting[k]) > 0 {
			pc := p.take(k)
			if pc == nil {
				break
			}
			p.waiting[k][0] <- pc
			p.waiting[k] = p.waiting[k][1:]
		}
	}
}

// stopWaiting ends the wait, and gives back a place that was given meanwhile.
func (p *pool) stopWaiting(ready chan *poolConn, k kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[k] = slices.DeleteFunc(p.waiting[k], func(other chan *poolConn) bool { return other == ready })
	select {
	case pc := <-ready:
		pc.used[k]--
		p.wake()
	default:
	}
}

// release gives a place back. pc may be nil.
func (p *pool) release(pc *poolConn, k kind) {
	if pc == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pc.used[k]--
	pc.good = true
	p.freed[k] = time.Now()
	p.wake()
}

// lost reports whether a request needs another place, because its connection is lost and is
// not the first one. More connections are opened later only if this one was of use.
func (p *pool) lost(pc *poolConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pc == p.all[0] || pc.live() != nil {
		return false
	}
	if i := slices.Index(p.all, pc); i > 0 {
		p.all = slices.Delete(p.all, i, i+1)
		p.refused = p.refused || !pc.good
	}
	return true
}

// alone reports whether a connection has at most one running request.
func (p *pool) alone(pc *poolConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, used := range pc.used {
		n += used
	}
	return n <= 1
}

// close closes all connections.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open != nil {
		p.stop()
		p.open, p.opening, p.refused = nil, 0, false
	}
	for _, pc := range p.all {
		if conn := pc.conn.Swap(nil); conn != nil {
			conn.Close()
		}
	}
}
