// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestNoGapBeforeFail ends a connection while data comes. What one goroutine gets
// from Next has no gap, though Fail throws messages away: a store that wrote what
// comes after a gap would keep it.
func TestNoGapBeforeFail(t *testing.T) {
	t.Parallel()
	for range 20 {
		c, s := bare(t)
		go func() {
			body := make([]byte, 2000)
			for i := uint64(0); ; i++ {
				binary.BigEndian.PutUint64(body, i)
				if _, err := c.Write(wire.Append(nil, wire.TypeData, 1, body)); err != nil {
					return
				}
			}
		}()
		begun, ended := make(chan struct{}), make(chan struct{})
		go func() {
			<-begun
			s.Fail(wire.CodeOf(wire.ErrTakenOver), "enough")
			close(ended)
		}()
		for want := uint64(0); ; want++ {
			m, err := s.Next()
			if err != nil {
				if !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "enough") {
					t.Errorf("the end: %v", err)
				}
				break
			}
			if got := binary.BigEndian.Uint64(m.Body); got != want {
				t.Fatalf("message %d instead of %d", got, want)
			}
			if want == 10 {
				close(begun)
				<-s.alive.Done()
				ticker := time.NewTicker(time.Millisecond)
				for at, _ := s.Traffic(); ; <-ticker.C {
					if now, _ := s.Traffic(); now > at+(64<<10) {
						break
					}
				}
				ticker.Stop()
			}
		}
		c.Close() // Fail waits for that
		<-ended
	}
}

// TestErrorIsLast checks that nothing follows an error, even if another goroutine
// continues to send.
func TestErrorIsLast(t *testing.T) {
	c, s := bare(t)
	var senders sync.WaitGroup
	for range 3 {
		senders.Go(func() {
			for s.Send(wire.TypeCheck, 1, nil) == nil {
			}
		})
	}
	var failing sync.WaitGroup
	failing.Go(func() {
		s.Fail(wire.CodeOf(wire.ErrQuota), "first")
		s.Fail(wire.CodeInternal, "second")
	})
	buf := make([]byte, wire.MaxData)
	for {
		m, err := wire.Read(c, buf, wire.MaxData)
		if err != nil {
			t.Fatal(err)
		}
		if m.Type == wire.TypeError {
			if e, err := wire.ParseError(m.Body); err != nil || e.Code != wire.CodeOf(wire.ErrQuota) {
				t.Errorf("%v, %v", e, err)
			}
			break
		}
	}
	senders.Wait() // so all that they could send is on its way
	s.Close()
	failing.Wait()
	if m, err := wire.Read(c, buf, wire.MaxData); err == nil {
		t.Errorf("0x%02x after an error", m.Type)
	}
}

// TestErrorCloses checks that an error ends a connection on which nobody waits for
// anything, so that its sender need not wait, either.
func TestErrorCloses(t *testing.T) {
	c, s := pair(t, Times{}, Times{})
	ended := dispatch(c)
	s.Fail(wire.CodeOf(wire.ErrShutdown), "bye")
	<-c.Closed()
	var reason *wire.Error
	if err := c.Send(wire.TypeCheck, 1, nil); !errors.As(err, &reason) || reason.Code != wire.CodeOf(wire.ErrShutdown) {
		t.Errorf("sending: %v", err)
	}
	if err := <-ended; !errors.As(err, &reason) || reason.Code != wire.CodeOf(wire.ErrShutdown) {
		t.Errorf("receiving: %v", err)
	}
}

// TestBeatsAreNoProgress has a side that lives and does nothing.
func TestBeatsAreNoProgress(t *testing.T) {
	t.Parallel()
	c, s := pair(t, Times{Beat: time.Millisecond}, Times{Idle: 200 * time.Millisecond})
	dispatch(c)
	if m, err := s.Next(); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "no progress") {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
}

// TestUnreadPongs has a client that sends pings and reads nothing, so that the
// server waits to answer them, forever without its limit.
func TestUnreadPongs(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	url, logins := webServerWith(t, Times{Idle: time.Second, Beat: 10 * time.Millisecond})
	w, err := Dial(t.Context(), url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := clientLogin().client(newCarrier(w, patience)); err != nil { // and nobody reads after this
		t.Fatal(err)
	}
	r := <-logins
	if r.err != nil {
		t.Fatal(r.err)
	}
	ping := append(header(ws.Header{Fin: true, OpCode: ws.OpPing, Masked: true, Length: 125}), make([]byte, 125)...)
	go func() {
		for {
			if _, err := w.Conn.Write(ping); err != nil {
				return
			}
		}
	}()
	if m, err := r.conn.Next(); err == nil {
		t.Errorf("0x%02x", m.Type)
	}
	r.conn.Fail(wire.CodeOf(wire.ErrIdle), "") // waits for the end of the first
	select {
	case <-r.conn.Closed():
	default:
		t.Error("the connection is open")
	}
}

// TestUnreadData has a client that reads nothing of what it has asked for.
func TestUnreadData(t *testing.T) {
	t.Parallel()
	_, s := pair(t, Times{}, Times{Idle: 200 * time.Millisecond})
	data := make([]byte, wire.MaxData)
	for {
		if err := s.Send(wire.TypeData, 1, data); err != nil {
			break
		}
	}
	<-s.Closed()
}

// TestUnreadEnd has a client that goes while a message of it waits for somebody to
// read it, so that its end comes after that. The server notices all the same.
func TestUnreadEnd(t *testing.T) {
	c, s := pair(t, Times{}, Times{Beat: 20 * time.Millisecond})
	r, err := s.Open(1, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.End()
	dispatch(s)
	for range 4 {
		if err := c.Send(wire.TypeCheck, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	select {
	case <-s.Closed():
	case <-time.After(patience):
		t.Error("the connection is open")
	}
}

// TestSilence has a side that is gone without a word.
func TestSilence(t *testing.T) {
	t.Parallel()
	here, there := streams(t)
	login := serverLogin()
	login.Times.Silence = 200 * time.Millisecond
	done := inBackground(t, func() (*Conn, error) { return Accept(plain{there}, certificate(), login) })
	if _, err := clientLogin().client(newCarrier(plain{here}, patience)); err != nil {
		t.Fatal(err)
	}
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	if _, err := r.conn.Next(); !errors.Is(err, ErrSilent) {
		t.Error(err)
	}
}

// TestTraffic checks that a connection ends in time for its keys, and which side
// finds out does not matter.
func TestTraffic(t *testing.T) {
	for _, limited := range []string{"client", "server"} {
		here, there := streams(t)
		ours, theirs := clientLogin(), serverLogin()
		if limited == "client" {
			ours.Traffic = 1 << 20
		} else {
			theirs.Traffic = 1 << 20
		}
		done := inBackground(t, func() (*Conn, error) { return Accept(plain{there}, certificate(), theirs) })
		c, err := Connect(plain{here}, ours)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s := (<-done).conn
		failed := make(chan error, 1)
		go func() {
			for {
				if err := c.Send(wire.TypeData, 1, make([]byte, wire.MaxData)); err != nil {
					c.Close()
					failed <- err
					return
				}
			}
		}()
		received := 0
		for err == nil {
			var m wire.Message
			m, err = s.Next()
			received += len(m.Body)
		}
		s.Close()
		if limited == "client" {
			err = <-failed
		}
		if !errors.Is(err, ErrRenew) || received == 0 || received > 1<<20 {
			t.Errorf("limited by the %s: %d bytes, %v", limited, received, err)
		}
	}
}

// TestMalformedMessages ends a connection after the login with what no message is.
func TestMalformedMessages(t *testing.T) {
	for name, b := range map[string][]byte{
		"unknown type":    {0x7f, 0, 0, 0, 0, 0, 0, 1},
		"no request":      {byte(wire.TypeData), 0, 0, 0, 0, 0, 0, 0},
		"beat of request": {byte(wire.TypeBeat), 0, 0, 0, 0, 0, 0, 1},
		"beat with body":  {byte(wire.TypeBeat), 0, 0, 1, 0, 0, 0, 0, 0},
		"too much data":   {byte(wire.TypeData), 4, 0, 1, 0, 0, 0, 1},
		"16 MiB":          {byte(wire.TypeData), 0xFF, 0xFF, 0xFF, 0, 0, 0, 1},
		"long request":    {byte(wire.TypePush), 0, 0x20, 1, 0, 0, 0, 1},
		"cut":             {byte(wire.TypePush), 0, 0, 50, 0, 0, 0, 1, 1},
		"cut in a header": {byte(wire.TypePush), 0},
	} {
		here, there := streams(t)
		done := accept(t, there)
		c, err := clientLogin().client(newCarrier(plain{here}, patience))
		if err != nil {
			t.Fatal(err)
		}
		s := (<-done).conn
		c.tls.Write(b)
		here.Close()
		if m, err := s.Next(); !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: 0x%02x, %v", name, m.Type, err)
		}
	}
}

// TestMalformedIsTold checks that who sends what is malformed learns it.
func TestMalformedIsTold(t *testing.T) {
	here, there := streams(t)
	done := accept(t, there)
	c, err := clientLogin().client(newCarrier(plain{here}, patience))
	if err != nil {
		t.Fatal(err)
	}
	s := (<-done).conn
	ended := dispatch(s)
	c.tls.Write(append([]byte{byte(wire.TypeData), 0xFF, 0xFF, 0xFF, 0, 0, 0, 1}, make([]byte, 1<<20)...))
	m, err := wire.Read(c.tls, nil, wire.MaxData)
	if err != nil || m.Type != wire.TypeError {
		t.Fatalf("0x%02x, %v", m.Type, err)
	}
	if e, err := wire.ParseError(m.Body); err != nil || e.Code != wire.CodeProtocol {
		t.Errorf("%+v, %v", e, err)
	}
	here.Close()
	if err := <-ended; !errors.Is(err, wire.ErrMalformed) {
		t.Error(err)
	}
	<-s.Closed()
}

// TestErrorIsQuoted checks that the other side cannot write into a log.
func TestErrorIsQuoted(t *testing.T) {
	err := &wire.Error{Code: 1, Text: "no\x1b[2J\n\u009b31m"}
	if strings.ContainsAny(err.Error(), "\x1b\n\u009b") {
		t.Errorf("%q", err.Error())
	}
}

// TestNothingStays checks that all goroutines of connections end with them,
// whichever way that is.
func TestNothingStays(t *testing.T) {
	pair(t, Times{}, Times{}) // whatever is made once
	before := runtime.NumGoroutine()
	for i := range 12 {
		c, s := pair(t, Times{}, Times{Idle: time.Hour})
		r, err := s.Open(1, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		dispatch(c)
		dispatch(s)
		go c.Send(wire.TypeData, 1, make([]byte, wire.MaxData)) // which nobody takes
		switch i % 4 {
		case 0:
			c.Close()
		case 1:
			s.Close()
		case 2:
			go s.Fail(wire.CodeInternal, "")
			c.Close()
		case 3:
			c.low.Close()
		}
		<-c.Closed()
		s.Close()
		r.End()
	}
	settle(t, before)
}

// settle waits until there are not more goroutines than before.
func settle(t *testing.T, before int) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; <-ticker.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
