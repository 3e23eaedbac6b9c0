// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// dispatched returns the two ends of a connection. The server passes each request to
// serve.
func dispatched(t *testing.T, times Times, serve func(r *Request, m wire.Message)) (c, s *Conn, ended <-chan error) {
	t.Helper()
	c, s = pair(t, Times{}, times)
	go c.Dispatch(nil)
	done := make(chan error, 1)
	var handlers sync.WaitGroup
	go func() {
		err := s.Dispatch(func(m wire.Message) error {
			m.Body = bytes.Clone(m.Body)
			r, err := s.Open(m.Request, nil, m.Type == wire.TypePush)
			if err == nil {
				handlers.Go(func() { serve(r, m); r.End() })
			}
			return err
		})
		handlers.Wait()
		done <- err
	}()
	return c, s, done
}

// TestOverlap runs several small requests beside two large ones. Each gets its own
// answers.
func TestOverlap(t *testing.T) {
	const size = 8 << 20
	c, _, _ := dispatched(t, Times{}, func(r *Request, m wire.Message) {
		switch m.Type {
		case wire.TypeList:
			r.Send(wire.TypePage, m.Body)
		case wire.TypePull:
			for range size / wire.MaxData {
				r.Send(wire.TypeData, make([]byte, wire.MaxData))
			}
			r.Send(wire.TypeEnd, wire.Size(size))
		case wire.TypePush:
			received := 0
			for {
				m, err := r.Next()
				if err != nil {
					t.Error(err)
					return
				}
				if m.Type == wire.TypeEnd {
					break
				}
				received += len(m.Body)
			}
			r.Send(wire.TypeStored, wire.Size(int64(received)))
		}
	})
	var all sync.WaitGroup
	start := func(typ wire.Type, body string, work func(r *Request) error) {
		all.Go(func() {
			r, err := c.Start(typ, []byte(body), nil)
			if err == nil {
				defer r.End()
				err = work(r)
			}
			if err != nil {
				t.Errorf("0x%02x: %v", typ, err)
			}
		})
	}
	stored := func(r *Request) error {
		m, err := r.Expect(wire.TypeStored)
		if n, _ := wire.ParseSize(m.Body); err == nil && n != size {
			t.Errorf("%d bytes pushed", n)
		}
		return err
	}
	start(wire.TypePush, "push", func(r *Request) error {
		for range size / wire.MaxData {
			if err := r.Send(wire.TypeData, make([]byte, wire.MaxData)); err != nil {
				return err
			}
		}
		r.Send(wire.TypeEnd, wire.Size(size))
		return stored(r)
	})
	start(wire.TypePull, "pull", func(r *Request) error {
		received := 0
		for {
			m, err := r.Next()
			if err != nil || m.Type == wire.TypeEnd {
				if received != size {
					t.Errorf("%d bytes pulled", received)
				}
				return err
			}
			received += len(m.Body)
		}
	})
	for i := range 64 {
		question := strings.Repeat("?", i)
		start(wire.TypeList, question, func(r *Request) error {
			m, err := r.Expect(wire.TypePage)
			if err == nil && string(m.Body) != question {
				t.Errorf("%q for %q", m.Body, question)
			}
			return err
		})
	}
	all.Wait()
}

// TestErrorEndsOneRequest checks that the others continue.
func TestErrorEndsOneRequest(t *testing.T) {
	c, _, _ := dispatched(t, Times{}, func(r *Request, m wire.Message) {
		if string(m.Body) == "bad" {
			r.Refuse(wire.ErrNotFound)
			return
		}
		if m, err := r.Expect(wire.TypeEnd); err != nil {
			t.Errorf("0x%02x, %v", m.Type, err)
		}
		r.Send(wire.TypeStored, wire.Size(0))
	})
	good, err := c.Start(wire.TypePush, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := c.Start(wire.TypeList, []byte("bad"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var reason *wire.Error
	if m, err := bad.Next(); !errors.As(err, &reason) || !errors.Is(err, wire.ErrNotFound) || !bad.Gone() {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
	bad.Send(wire.TypeError, (&wire.Error{Code: wire.CodeAbandoned}).Marshal()) // late, and harmless
	bad.End()
	good.Send(wire.TypeEnd, wire.Size(0))
	if _, err := good.Expect(wire.TypeStored); err != nil {
		t.Error(err)
	}
}

// TestCancel cancels a request in the middle, from either side. Neither a connection nor
// a goroutine is leaked.
func TestCancel(t *testing.T) {
	waiting := make(chan *Request, 2)
	c, _, _ := dispatched(t, Times{}, func(r *Request, m wire.Message) {
		waiting <- r
		<-r.Context().Done()
		r.Refuse(context.Cause(r.Context()))
	})
	for _, want := range []error{wire.ErrAbandoned, wire.ErrDenied} {
		r, err := c.Start(wire.TypePull, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs := <-waiting
		if want == wire.ErrAbandoned {
			r.Refuse(want)
		} else {
			theirs.Cancel(want)
		}
		if m, err := r.Next(); !errors.Is(err, want) {
			t.Errorf("0x%02x, %v", m.Type, err)
		}
		r.End()
	}
}

// TestNotAskedFor sends messages that belong to no open request, or are out of turn. They
// end the connection.
func TestNotAskedFor(t *testing.T) {
	for name, attack := range map[string]func(c *Conn){
		"data of nothing":  func(c *Conn) { c.Send(wire.TypeData, 7, nil) },
		"error of nothing": func(c *Conn) { c.Send(wire.TypeError, 7, (&wire.Error{Code: 1}).Marshal()) },
		"answer":           func(c *Conn) { c.Send(wire.TypePage, 1, []byte{0}) },
		"id again":         func(c *Conn) { c.Send(wire.TypeList, 1, nil); c.Send(wire.TypeList, 1, nil) },
		"smaller id":       func(c *Conn) { c.Send(wire.TypeList, 2, nil); c.Send(wire.TypeList, 1, nil) },
		"data of a list":   func(c *Conn) { c.Send(wire.TypeList, 1, nil); c.Send(wire.TypeData, 1, nil) },
		"login again":      func(c *Conn) { c.Send(wire.TypeAccept, 0, nil) },
	} {
		c, s, ended := dispatched(t, Times{}, func(r *Request, _ wire.Message) { <-r.Context().Done() })
		attack(c)
		if err := <-ended; !errors.Is(err, wire.ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
		<-s.Closed()
		<-c.Closed()
	}
	// A server must not start requests either.
	c, s, _ := dispatched(t, Times{}, nil)
	s.Send(wire.TypePush, 1, nil)
	<-c.Closed()
}

// TestStalledRequest has a request without progress beside one with progress.
func TestStalledRequest(t *testing.T) {
	t.Parallel()
	c, _, ended := dispatched(t, Times{Idle: 300 * time.Millisecond}, func(r *Request, m wire.Message) {
		for m.Type == wire.TypePush {
			if _, err := r.Next(); err != nil {
				return
			}
		}
		<-r.Context().Done()
	})
	busy, err := c.Start(wire.TypePush, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(wire.TypeList, nil, nil); err != nil {
		t.Fatal(err)
	}
	for busy.Send(wire.TypeData, []byte{1}) == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "no progress") {
		t.Error(err)
	}
}

// TestLastAnswer requires that messages sent before the end of a connection are not lost.
func TestLastAnswer(t *testing.T) {
	for range 20 {
		c, s := pair(t, Times{}, Times{})
		go c.Dispatch(nil)
		r, err := c.Start(wire.TypeList, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Next()
		s.Send(wire.TypePage, r.ID, []byte{0})
		go s.Fail(wire.CodeOf(wire.ErrShutdown), "")
		if m, err := r.Next(); err != nil || m.Type != wire.TypePage {
			t.Errorf("0x%02x, %v", m.Type, err)
		}
		r.End()
	}
}

// TestStuckReader has a request whose messages nobody reads. It blocks the others, but
// not after the end of the connection.
func TestStuckReader(t *testing.T) {
	t.Parallel()
	c, s := pair(t, Times{Beat: 20 * time.Millisecond}, Times{})
	go c.Dispatch(nil)
	stuck, err := c.Start(wire.TypePull, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Start(wire.TypeList, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		s.Send(wire.TypeData, stuck.ID, []byte("x"))
	}
	s.Close()
	if m, err := other.Next(); err == nil {
		t.Errorf("0x%02x", m.Type)
	}
}
