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

// kind is what a request is, for [limits].
type kind int

const (
	pushing kind = iota
	pulling
	asking // for something small
	kinds
)

// limits are how many requests of each kind a connection has at a time.
var limits = [kinds]int{pushing: 1, pulling: 1, asking: wire.MaxSmall}

// poolConn is a place in a pool for a connection, and for the next one when that was lost.
type poolConn struct {
	dialing chan struct{} // has room for the one who opens the connection
	conn    atomic.Pointer[channel.Conn]
	used    [kinds]int // requests under way
	good    bool       // a request has ended on it
}

func newPoolConn(conn *channel.Conn) *poolConn {
	pc := &poolConn{dialing: make(chan struct{}, 1)}
	pc.conn.Store(conn)
	return pc
}

// live returns the connection, nil if there is none or it was lost.
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

// pool has the connections of a client. It opens another one when all are busy and none
// gets free for a while, as on a long line. The zero value is ready for use.
type pool struct {
	mu      sync.Mutex
	all     []*poolConn
	waiting [kinds][]chan *poolConn // of those who wait, the first first
	freed   [kinds]time.Time        // when one got free last

	opening int                // connections that will be there soon
	refused bool               // there can be no more
	open    context.Context    // until the client is closed; nil if it was not needed yet
	stop    context.CancelFunc // ends it
}

// longWait is how long nothing gets free until there is another connection.
const longWait = 50 * time.Millisecond

// acquire waits until there is room for a request of that kind on a connection, of which
// there are up to limit. dial opens one more.
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

// take takes a place, with p.mu held. It returns nil if there is none.
func (p *pool) take(k kind) *poolConn {
	for _, pc := range p.all {
		if pc.used[k] < limits[k] {
			pc.used[k]++
			return pc
		}
	}
	return nil
}

// extend starts to open a connection if nothing got free for a long time. It returns how
// long to wait for the next try.
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
	p.freed[k] = time.Now() // so that there is not one for each who waits
	go p.add(p.open, dial)
	return longWait
}

// add opens a connection for those who wait. One that cannot be opened is one too many for
// the server, most likely: the client does without it, and without any more.
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

// wake gives what is free to those who wait, with p.mu held.
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

// stopWaiting ends the wait, and gives back what has come meanwhile.
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

// release gives a place back, if there is one.
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

// lost reports whether a request has to look for another place: the connection is lost, and
// is not the first one. There will be more of them only if it was of use.
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

// alone reports whether there is no more than one request under way on a connection.
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
