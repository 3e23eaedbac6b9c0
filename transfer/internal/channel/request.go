// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// requests are the open requests of a connection.
type requests struct {
	starting sync.Mutex // held while a client starts a request, so that they start in the order of their ids
	mu       sync.Mutex
	open     map[uint32]*Request
	last     uint32    // the largest id so far
	quiet    time.Time // when the last one ended
}

// Request is one side of a request. Next and Drain are for one goroutine. All other methods
// are safe for concurrent use.
type Request struct {
	ID   uint32
	conn *Conn
	// waits reports whether the request waits for something other than the other side, so
	// that it needs no progress.
	waits func() bool

	// open ends when no more messages follow: the other side has sent an error, this side has
	// called End, or the connection has ended. ctx ends with open, or earlier by Cancel.
	open, ctx   context.Context
	end, cancel context.CancelCauseFunc

	in       chan wire.Message // nil if no message is allowed
	ended    atomic.Bool       // the other side has sent its last message
	held     []byte            // the buffer of the last message of Next
	patience *time.Timer       // see Abandon
	progress atomic.Int64      // time of the last progress
}

// Start starts a request of a client with a message.
func (c *Conn) Start(t wire.Type, body []byte, waits func() bool) (*Request, error) {
	c.requests.starting.Lock()
	defer c.requests.starting.Unlock()
	c.requests.mu.Lock()
	id := c.requests.last + 1
	c.requests.mu.Unlock()
	r, err := c.Open(id, waits, true)
	if err != nil {
		return nil, err
	}
	if err := r.Send(t, body); err != nil {
		r.End()
		return nil, err
	}
	return r, nil
}

// Open opens a request that the other side has started. Unless listens is set, no further
// message of it is allowed, except an error.
func (c *Conn) Open(id uint32, waits func() bool, listens bool) (*Request, error) {
	q := &c.requests
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case c.alive.Err() != nil:
		return nil, context.Cause(c.alive)
	case id <= q.last:
		return nil, fmt.Errorf("%w: request %d after %d", wire.ErrOrder, id, q.last)
	}
	r := &Request{ID: id, conn: c, waits: waits}
	if listens {
		r.in = make(chan wire.Message)
	}
	r.open, r.end = context.WithCancelCause(c.alive)
	r.ctx, r.cancel = context.WithCancelCause(r.open)
	r.Progress()
	if q.open == nil {
		q.open = make(map[uint32]*Request)
	}
	q.open[id], q.last = r, id
	return r, nil
}

// Dispatch passes every message to its request, and messages that start one to start, until
// the connection ends. It returns the reason, after the other side and all requests know
// it.
func (c *Conn) Dispatch(start func(wire.Message) error) error {
	var err error
	for err == nil {
		var m wire.Message
		if m, err = c.take(); err != nil {
			break
		}
		switch {
		case m.Type.Starts() && start != nil:
			err = start(m)
			c.release(m.Body)
		case m.Type.Answers() && start != nil:
			err = fmt.Errorf("%w: 0x%02x from a client", wire.ErrOrder, m.Type)
		default:
			err = c.deliver(m)
		}
	}
	c.end(err)
	c.fail(err, wire.Refusal(err))
	return err
}

// deliver waits until the request receives the message.
func (c *Conn) deliver(m wire.Message) error {
	r, known := c.requests.find(m.Request)
	if r != nil && (m.Type == wire.TypeError || m.Type == wire.TypeEnd) {
		r.ended.Store(true)
	}
	if m.Type == wire.TypeError {
		defer c.release(m.Body)
		if r != nil {
			r.end(peerError(m.Body))
		} else if !known {
			return fmt.Errorf("%w: an error in request %d", wire.ErrOrder, m.Request)
		}
		return nil // both sides may end a request at the same time
	}
	if r != nil && r.in != nil && r.offer(m) {
		return nil
	}
	c.release(m.Body)
	return cmp.Or(context.Cause(c.alive), c.broken(fmt.Errorf("%w: 0x%02x in request %d", wire.ErrOrder, m.Type, m.Request)))
}

// offer waits until the request receives the message, or has ended. If the connection is
// closed meanwhile, offer still waits for a while: the message may be the last answer.
func (r *Request) offer(m wire.Message) (taken bool) {
	closed, late := r.conn.closed, (<-chan time.Time)(nil)
	for {
		select {
		case r.in <- m:
			return true
		case <-r.open.Done():
			return false
		case <-closed:
			closed, late = nil, time.After(lastWords)
		case <-late:
			return false
		}
	}
}

// find returns an open request. A request is not open any more after an error for it.
func (q *requests) find(id uint32) (r *Request, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r = q.open[id]; r != nil && r.open.Err() != nil {
		r = nil
	}
	return r, id <= q.last
}

// stalled returns the time of the last progress of the request that has made none for
// longest.
func (q *requests) stalled() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.open) == 0 {
		return q.quiet
	}
	first := time.Now()
	for _, r := range q.open {
		if r.waits != nil && r.waits() {
			r.Progress()
		}
		if last := time.Unix(0, r.progress.Load()); last.Before(first) {
			first = last
		}
	}
	return first
}

// Context returns a context that ends with the request. Its cause is the [wire.Error] of the
// other side, the cause of Cancel, or the reason why the connection has ended.
func (r *Request) Context() context.Context { return r.ctx }

// Gone reports whether the other side has ended the request, and the connection is open.
func (r *Request) Gone() bool { return r.open.Err() != nil && r.conn.alive.Err() == nil }

// Ended reports whether the other side has sent its last message, or an error.
func (r *Request) Ended() bool { return r.ended.Load() }

// HangUp closes the connection.
func (r *Request) HangUp() { r.conn.Close() }

// Cancel ends the context of the request, so that this side ends it.
func (r *Request) Cancel(cause error) { r.cancel(cause) }

// Progress notes that the request has made progress.
func (r *Request) Progress() { r.progress.Store(time.Now().UnixNano()) }

// Next returns the next message of the request. Its body is valid until the next call or
// End. The error is the cause of the context.
func (r *Request) Next() (wire.Message, error) {
	r.release()
	select {
	case m := <-r.in:
		r.took(m)
		return m, nil
	case <-r.ctx.Done():
		return wire.Message{}, context.Cause(r.ctx)
	}
}

// Expect is Next for a message that must have type want.
func (r *Request) Expect(want wire.Type) (wire.Message, error) {
	m, err := r.Next()
	if err == nil && m.Type != want {
		err = fmt.Errorf("%w: 0x%02x instead of 0x%02x", wire.ErrOrder, m.Type, want)
	}
	return m, err
}

// Drain discards messages until the other side has ended the request, with a message of type
// last or an error.
func (r *Request) Drain(last wire.Type) {
	for {
		r.release()
		select {
		case m := <-r.in:
			r.took(m)
			if m.Type == last {
				return
			}
		case <-r.open.Done():
			return
		}
	}
}

// took notes a message. Not every message is progress by itself: some could be sent without
// end, and only the receiver of acknowledgements knows whether they advance.
func (r *Request) took(m wire.Message) {
	r.held = m.Body
	idle := m.Type == wire.TypeDurable || m.Type == wire.TypeChecked || m.Type == wire.TypeData && len(m.Body) == 0
	if !idle {
		r.Progress()
	}
}

func (r *Request) release() {
	r.conn.release(r.held)
	r.held = nil
}

// Send sends a message of the request, with a body of at most [wire.MaxData] bytes.
func (r *Request) Send(t wire.Type, body []byte) error {
	if err := r.conn.Send(t, r.ID, body); err != nil {
		return err
	}
	r.Progress()
	return nil
}

// Refuse sends the error that ends the request.
func (r *Request) Refuse(err error) error {
	return r.Send(wire.TypeError, wire.Refusal(err).Marshal())
}

// Abandon cancels the request. If the other side does not end it soon, the connection is
// closed.
func (r *Request) Abandon() {
	r.Refuse(wire.ErrAbandoned)
	r.patience = time.AfterFunc(lastWords, r.conn.Close)
}

// End closes the request: this side expects no more messages.
func (r *Request) End() {
	r.release()
	if r.patience != nil {
		r.patience.Stop()
	}
	q := &r.conn.requests
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, r.ID)
	q.quiet = time.Now()
	r.end(context.Canceled)
}
