// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bandwidth

import (
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRate sends and receives at a limit, over several connections at once. The time is
// that of a bubble, and so exact.
func TestRate(t *testing.T) {
	for _, rate := range []int64{1, 1000, 10_000, 500 << 10, 10_000_000, 100 << 30} {
		for name, wrap := range map[string]func(l *Limiter, a, b net.Conn) (net.Conn, net.Conn){
			"out": func(l *Limiter, a, b net.Conn) (net.Conn, net.Conn) { return l.Conn(a), b },
			"in":  func(l *Limiter, a, b net.Conn) (net.Conn, net.Conn) { return a, l.Conn(b) },
		} {
			synctest.Test(t, func(t *testing.T) {
				const connections, seconds = 3, 60
				l, each := New(rate), min(rate*seconds, 64<<20)/connections
				begin := time.Now()
				var all sync.WaitGroup
				for range connections {
					a, b := net.Pipe()
					from, to := wrap(l, a, b)
					all.Go(func() {
						n, err := from.Write(make([]byte, each))
						if int64(n) != each || err != nil {
							t.Errorf("%d of %d bytes written: %v", n, each, err)
						}
						from.Close()
					})
					all.Go(func() {
						if n, err := io.Copy(io.Discard, to); n != each || err != nil {
							t.Errorf("%d of %d bytes read: %v", n, each, err)
						}
						to.Close()
					})
				}
				all.Wait()
				burst := time.Duration(float64(max(rate/perSecond, smallest)) / float64(rate) * float64(time.Second))
				want := time.Duration(float64(each*connections) / float64(rate) * float64(time.Second))
				if took := time.Since(begin); took > want+time.Millisecond || took < want-burst-time.Millisecond {
					t.Errorf("%s: %d bytes at %d a second took %s, not %s", name, each*connections, rate, took, want)
				}
			})
		}
	}
}

// TestBurst sends after a long pause.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		limited := New(20_000).Conn(a)
		go io.Copy(io.Discard, b)
		time.Sleep(time.Hour)
		begin := time.Now()
		limited.Write(make([]byte, 20_000))
		if took := time.Since(begin); took < 900*time.Millisecond {
			t.Errorf("20,000 bytes at 20,000 a second took %s after a pause", took)
		}
		limited.Close()
		b.Close()
	})
}

// TestClose closes a connection that waits for its turn, both ways.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		l := New(1)
		limited, other := l.Conn(a), l.Conn(b)
		failed := make(chan error, 2)
		go func() { _, err := limited.Write(make([]byte, 1<<20)); failed <- err }()
		go func() { _, err := io.Copy(io.Discard, other); failed <- err }()
		time.Sleep(time.Hour)
		begin := time.Now()
		limited.Close()
		other.Close()
		for range 2 {
			if err := <-failed; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
		}
		if time.Since(begin) > 0 {
			t.Error("a closed connection waits")
		}
	})
}

// TestLargest takes the largest of limits, which is none.
func TestLargest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		limited, begin := New(math.MaxInt64).Conn(a), time.Now()
		go func() {
			limited.Write(make([]byte, 10<<20))
			limited.Close()
		}()
		if n, err := io.Copy(io.Discard, b); n != 10<<20 || err != nil || time.Since(begin) > 0 {
			t.Errorf("%d bytes in %s: %v", n, time.Since(begin), err)
		}
		b.Close()
	})
}
