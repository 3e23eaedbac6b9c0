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
	conn atomic.Pointer[channel.Conn]
	used [kinds]int // requests under way
}

// lanes are the connections of a client. There is one more when all are taken and none
// gets free for a while: where the line is long. The zero value is ready for use.
type lanes struct {
	mu      sync.Mutex
	all     []*lane
	limit   int              // how many there may be, once the server has refused more; else 0
	waiting [kinds][]*ticket // the first comes first
	freed   [kinds]time.Time // when one got free last
}

// ticket is for one who waits.
type ticket struct{ called chan *lane }

// longWait is how long nothing gets free until there is another connection.
const longWait = 50 * time.Millisecond

// enter waits until there is room for a request of that kind on a connection, of which
// there are up to limit.
func (s *lanes) enter(ctx context.Context, k kind, limit int) (*lane, error) {
	s.mu.Lock()
	if len(s.all) == 0 {
		s.all = append(s.all, new(lane))
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
			late.Reset(s.extend(k, limit))
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

// extend adds a connection if nothing got free for a long time. It returns how long to wait
// for the next try.
func (s *lanes) extend(k kind, limit int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 {
		limit = min(limit, s.limit)
	}
	if left := longWait - time.Since(s.freed[k]); left > 0 {
		return left
	}
	if len(s.all) < limit {
		s.all = append(s.all, new(lane))
		s.freed[k] = time.Now() // so that there is not one for each who waits
		s.call()
	}
	return longWait
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
	s.freed[k] = time.Now()
	s.call()
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

// spare reports whether a connection is one more than the first, and was never there.
func (s *lanes) spare(l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l != s.all[0] && l.conn.Load() == nil
}

// change takes another place for one on a connection that could not be opened. From then on the client does without that connection, and without any more.
func (s *lanes) change(ctx context.Context, l *lane, k kind) (*lane, error) {
	s.mu.Lock()
	if i := slices.Index(s.all, l); i > 0 {
		s.all = slices.Delete(s.all, i, i+1)
		s.limit = len(s.all)
	}
	s.mu.Unlock()
	return s.enter(ctx, k, 0)
}

// close closes all connections.
func (s *lanes) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all {
		if conn := l.conn.Swap(nil); conn != nil {
			conn.Close()
		}
	}
}
