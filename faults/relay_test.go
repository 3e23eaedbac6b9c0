// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// direction is the direction of bytes on a line.
type direction int

const (
	up   direction = iota // from the client to the server
	down                  // from the server to the client
)

// relay forwards connections. It counts the bytes that pass, and calls functions at an
// exact byte.
type relay struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	target string // where the next connection goes to
	passed [2]int64
	marks  [2][]mark // in the order of their bytes
	lines  []*line
	closed bool
}

// mark is a function to call when that many bytes have passed. It is called with the line
// of the last byte, before any more bytes pass on it.
type mark struct {
	at int64
	do func(*line)
}

// line is one connection through a relay. end[up] is the server's, end[down] the
// client's.
type line struct {
	relay   *relay
	end     [2]*net.TCPConn
	ended   [2]atomic.Bool // data that arrives is discarded
	slow    [2]pace        // each for the goroutine of its direction
	stalled atomic.Bool
	gone    chan struct{} // closed with the line
	once    sync.Once
}

// pace limits how fast bytes pass, and for how many bytes.
type pace struct {
	left int
	each time.Duration
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, target: target}
	r.running.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// at registers a function to call when that many bytes have passed. Calls of at must be in
// the order of the bytes.
func (r *relay) at(d direction, passed int64, do func(*line)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks[d] = append(r.marks[d], mark{passed, do})
}

// atTenths registers a function for each tenth of size bytes, except the last.
func (r *relay) atTenths(d direction, size int64, do func(*line)) {
	for tenth := range int64(9) {
		r.at(d, size*(tenth+1)/10, do)
	}
}

// route changes the target of new connections.
func (r *relay) route(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

// count returns how many bytes have passed.
func (r *relay) count(d direction) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passed[d]
}

// wantNoneLeft checks that all functions were called.
func (r *relay) wantNoneLeft(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if left := len(r.marks[up]) + len(r.marks[down]); left > 0 {
		t.Errorf("%d faults have not happened", left)
	}
}

func (r *relay) close() {
	r.listener.Close()
	r.mu.Lock()
	r.closed = true
	lines := r.lines
	r.mu.Unlock()
	for _, l := range lines {
		l.cut()
	}
	r.running.Wait()
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.connect(client.(*net.TCPConn)) })
	}
}

// connect makes a line, unless the target does not accept the connection.
func (r *relay) connect(client *net.TCPConn) {
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		client.Close()
		return
	}
	l := &line{relay: r, gone: make(chan struct{})}
	l.end[up], l.end[down] = server.(*net.TCPConn), client
	r.mu.Lock()
	if r.closed {
		l.cut()
	}
	r.lines = append(r.lines, l)
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.copy(up) })
	both.Go(func() { l.copy(down) })
	both.Wait()
	l.cut()
}

// copy forwards one direction until its end.
func (l *line) copy(d direction) {
	buf := make([]byte, 64<<10)
	for {
		n, err := l.end[1-d].Read(buf)
		l.wait()
		if l.pass(d, buf[:n]) != nil || err != nil && !errors.Is(err, io.EOF) {
			l.cut()
			return
		}
		if err != nil {
			l.end[d].CloseWrite()
			return
		}
	}
}

func (l *line) pass(d direction, p []byte) error {
	for len(p) > 0 {
		l.wait()
		if l.ended[d].Load() {
			return nil
		}
		n, do := l.relay.next(d, l.slow[d].next(len(p), l.gone))
		if _, err := l.end[d].Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		if do != nil {
			do(l)
		}
	}
	return nil
}

// next counts up to n bytes, as far as the next mark, and returns how many, and the
// function to call after them.
func (r *relay) next(d direction, n int) (int, func(*line)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if marks := r.marks[d]; len(marks) > 0 && marks[0].at <= r.passed[d]+int64(n) {
		n = int(max(0, marks[0].at-r.passed[d]))
		r.passed[d] += int64(n)
		r.marks[d] = marks[1:]
		return n, marks[0].do
	}
	r.passed[d] += int64(n)
	return n, nil
}

// cut closes both ends.
func (l *line) cut() {
	l.once.Do(func() {
		close(l.gone)
		l.end[up].Close()
		l.end[down].Close()
	})
}

// reset closes both ends with an RST: data that has arrived and was not read yet is
// lost.
func (l *line) reset() {
	l.end[up].SetLinger(0)
	l.end[down].SetLinger(0)
	l.cut()
}

// halfClose ends one direction; the other is left open.
func (l *line) halfClose(d direction) {
	l.ended[d].Store(true)
	l.end[d].CloseWrite()
}

// finish ends both directions.
func (l *line) finish() {
	l.halfClose(up)
	l.halfClose(down)
}

// stall lets nothing more pass, not even a close.
func (l *line) stall() { l.stalled.Store(true) }

func (l *line) wait() {
	if l.stalled.Load() {
		<-l.gone
	}
}

// trickle passes the next n bytes of a direction one by one. Call it from a mark of that
// direction.
func (l *line) trickle(d direction, n int, each time.Duration) {
	l.slow[d] = pace{n, each}
}

// next waits as the pace requires, and returns how many of n bytes may pass.
func (p *pace) next(n int, gone <-chan struct{}) int {
	if p.left == 0 {
		return n
	}
	p.left--
	select {
	case <-time.After(p.each):
	case <-gone:
	}
	return 1
}
