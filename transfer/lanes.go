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

// kind is of requests of which a connection has only so many at a time.
type kind int

const (
	pushing kind = iota
	pulling
	asking // for something small
	kinds
)

var most = [kinds]int{pushing: 1, pulling: 1, asking: wire.MaxSmall}

// lane is a connection, and the next one when that was cut.
type lane struct {
	dialing chan struct{} // has room for the one who opens the connection
	conn    atomic.Pointer[channel.Conn]
	used    [kinds]int // requests under way
	good    bool       // a request has ended on it
}

func newLane(conn *channel.Conn) *lane {
	l := &lane{dialing: make(chan struct{}, 1)}
	l.conn.Store(conn)
	return l
}

// lanes are the connections of a client. There is one more when all are taken and none
// gets free for a while: where the line is long. The zero value is ready for use.
type lanes struct {
	mu      sync.Mutex
	all     []*lane
	waiting [kinds][]*ticket // the first comes first
	freed   [kinds]time.Time // when one got free last

	opening int                // lanes that will be there soon
	refused bool               // there can be no more
	open    context.Context    // until the client is closed; nil if it was not needed yet
	stop    context.CancelFunc // ends it
}

// ticket is for one who waits.
type ticket struct{ called chan *lane }

// longWait is how long nothing gets free until there is another connection.
const longWait = 50 * time.Millisecond

// enter waits until there is room for a request of that kind on a connection, of which
// there are up to limit. dial opens one more.
func (s *lanes) enter(ctx context.Context, k kind, limit int, dial func(context.Context) (*channel.Conn, error)) (*lane, error) {
	s.mu.Lock()
	if len(s.all) == 0 {
		s.all = append(s.all, newLane(nil))
	}
	if l := s.room(k); l != nil {
		s.mu.Unlock()
		return l, nil
	}
	t := &ticket{make(chan *lane, 1)}
	s.waiting[k] = append(s.waiting[k], t)
	s.mu.Unlock()
	late := time.NewTimer(longWait)
	defer late.Stop()
	for {
		select {
		case l := <-t.called:
			return l, nil
		case <-late.C:
			late.Reset(s.extend(k, limit, dial))
		case <-ctx.Done():
			s.giveUp(t, k)
			return nil, context.Cause(ctx)
		}
	}
}

// room takes a place, with s.mu held. It returns nil if there is none.
func (s *lanes) room(k kind) *lane {
	for _, l := range s.all {
		if l.used[k] < most[k] {
			l.used[k]++
			return l
		}
	}
	return nil
}

// extend begins to open a connection if nothing got free for a long time. It returns how
// long to wait for the next try.
func (s *lanes) extend(k kind, limit int, dial func(context.Context) (*channel.Conn, error)) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := longWait - time.Since(s.freed[k]); left > 0 {
		return left
	}
	if len(s.all)+s.opening >= limit || s.refused || s.all[0].conn.Load() == nil {
		return longWait
	}
	if s.open == nil {
		s.open, s.stop = context.WithCancel(context.Background())
	}
	s.opening++
	s.freed[k] = time.Now() // so that there is not one for each who waits
	go s.add(s.open, dial)
	return longWait
}

// add opens a connection for those who wait. One that cannot be opened is one too many for
// the server, most likely: the client does without it, and without any more.
func (s *lanes) add(open context.Context, dial func(context.Context) (*channel.Conn, error)) {
	conn, err := dial(open)
	s.mu.Lock()
	defer s.mu.Unlock()
	if open != s.open { // the client was closed
		if err == nil {
			conn.Close()
		}
		return
	}
	s.opening--
	if err != nil {
		s.refused = true
		return
	}
	s.all = append(s.all, newLane(conn))
	s.call()
}

// call gives what is free to those who wait, with s.mu held.
func (s *lanes) call() {
	for k := range kinds {
		for len(s.waiting[k]) > 0 {
			l := s.room(k)
			if l == nil {
				break
			}
			s.waiting[k][0].called <- l
			s.waiting[k] = s.waiting[k][1:]
		}
	}
}

// giveUp ends the wait, and gives back what has come meanwhile.
func (s *lanes) giveUp(t *ticket, k kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[k] = slices.DeleteFunc(s.waiting[k], func(other *ticket) bool { return other == t })
	select {
	case l := <-t.called:
		l.used[k]--
		s.call()
	default:
	}
}

// leave gives a place back, if there is one.
func (s *lanes) leave(l *lane, k kind) {
	if l == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.used[k]--
	l.good = true
	s.freed[k] = time.Now()
	s.call()
}

// gone reports whether a request has to look for another place: the connection is lost, and
// is not the first one. There will be more of them only if it was of use.
func (s *lanes) gone(l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l == s.all[0] {
		return false
	}
	if conn := l.conn.Load(); conn != nil {
		select {
		case <-conn.Closed():
		default:
			return false
		}
	}
	if i := slices.Index(s.all, l); i > 0 {
		s.all = slices.Delete(s.all, i, i+1)
		s.refused = s.refused || !l.good
	}
	return true
}

// alone reports whether there is no more than one request under way on a connection.
func (s *lanes) alone(l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, used := range l.used {
		n += used
	}
	return n <= 1
}

// close closes all connections.
func (s *lanes) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		s.stop()
		s.open, s.opening, s.refused = nil, 0, false
	}
	for _, l := range s.all {
		if conn := l.conn.Swap(nil); conn != nil {
			conn.Close()
		}
	}
}
