// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/server"
)

// flushing is a WebSocket below a tls.Conn, which has no Flush.
type flushing struct{ *channel.WebSocket }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.WebSocket.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

// halfOpen are the ways to open a connection without logging in. All addresses are of
// this machine: on Linux, 127.0.0.0/8 is.
var halfOpen = map[string]func(t *testing.T, s *testServer, from string) (net.Conn, error){
	"TCP": func(t *testing.T, s *testServer, from string) (net.Conn, error) {
		return dialFrom(s, from)
	},
	"half a request": func(t *testing.T, s *testServer, from string) (net.Conn, error) {
		return sayFrom(s, from, "GET /pqenc HTTP/1.1\r\nHost: x\r\nX-Slow: "+strings.Repeat("x", 2000))
	},
	"page after page": func(t *testing.T, s *testServer, from string) (net.Conn, error) {
		return sayFrom(s, from, "HEAD /other HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	},
	"WebSocket": func(t *testing.T, s *testServer, from string) (net.Conn, error) {
		return sayFrom(s, from, "GET /pqenc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	},
	"TLS": func(t *testing.T, s *testServer, _ string) (net.Conn, error) {
		w, err := channel.Dial(t.Context(), s.url, nil, nil)
		if err != nil {
			return nil, err
		}
		w.Conn.SetDeadline(time.Now().Add(time.Minute))
		c := tls.Client(flushing{w}, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"pqenc/1"}, SessionTicketsDisabled: true})
		return w.Conn, c.Handshake()
	},
}

func dialFrom(s *testServer, from string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Minute}
	return d.Dial("tcp", s.http.Listener.Addr().String())
}

func sayFrom(s *testServer, from, what string) (net.Conn, error) {
	conn, err := dialFrom(s, from)
	if err == nil {
		_, err = io.WriteString(conn, what)
	}
	return conn, err
}

// TestHalfOpen opens thousands of connections that never log in. The server keeps a few
// of them, in little memory, and clients with a key can always log in.
func TestHalfOpen(t *testing.T) {
	testkit.Long(t)
	limits := server.Limits{Unauthenticated: 64, UnauthenticatedPerAddress: 24, Login: time.Minute}
	s := newServer(t, limits, everything)
	before := memory()
	var opened, closed atomic.Int64
	for kind, open := range halfOpen {
		n := 600
		if kind == "TLS" {
			n = 150
		}
		for i := range n {
			from := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.1.2.3"}[i%5]
			conn, err := open(t, s, from)
			if conn != nil {
				t.Cleanup(func() { conn.Close() })
			}
			if err != nil {
				continue // closed already
			}
			opened.Add(1)
			go func() {
				io.Copy(io.Discard, conn)
				closed.Add(1)
			}()
		}
		c := s.client("alice")
		if _, err := listed(c, ""); err != nil {
			t.Errorf("after many of %s: %v", kind, err)
		}
		c.Close()
		if n := s.server.Stats().Unauthenticated; n > limits.Unauthenticated {
			t.Errorf("after many of %s: %d are let in", kind, n)
		}
	}
	if opened.Load() < 1500 {
		t.Errorf("only %d connections", opened.Load())
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); opened.Load()-closed.Load() > int64(limits.Unauthenticated); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are open", opened.Load()-closed.Load(), opened.Load())
		}
	}
	if used := memory() - before; used > 64<<20 {
		t.Errorf("%d MiB are used", used>>20)
	}
}

// TestFromOneAddress uses all places of one address: other addresses have their own, and
// clients with a key can log in even from that address.
func TestFromOneAddress(t *testing.T) {
	s := newServer(t, server.Limits{Unauthenticated: 64, UnauthenticatedPerAddress: 8, Login: time.Minute}, everything)
	patient, err := halfOpen["WebSocket"](t, s, "127.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	defer patient.Close()
	for range 100 {
		conn, err := dialFrom(s, "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if _, err := listed(s.client("alice"), ""); err != nil {
		t.Error(err)
	}
	if n := s.server.Stats().Unauthenticated; n > 9 {
		t.Errorf("%d are let in", n)
	}
	// The one of another address got an answer, and was not closed.
	patient.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := io.Copy(io.Discard, patient); err == nil {
		t.Error("somebody else's connection was closed")
	}
}

// TestFullQueue has unknown clients from two addresses that hold all places and keep
// reconnecting. An earlier visitor is not closed, and others log in at their first
// attempt.
func TestFullQueue(t *testing.T) {
	s := newServer(t, server.Limits{Unauthenticated: 16, UnauthenticatedPerAddress: 16, Login: time.Minute}, everything)
	patient, err := halfOpen["WebSocket"](t, s, "127.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	defer patient.Close()
	var strangers atomic.Int32
	stop := make(chan struct{})
	var coming sync.WaitGroup
	for _, from := range []string{"127.0.0.7", "127.0.0.8"} {
		coming.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := dialFrom(s, from)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				strangers.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	until(t, "the queue is full", func() bool { return s.server.Stats().Unauthenticated == 16 && strangers.Load() > 100 })
	for range 20 {
		c := s.hasty("alice") // at 127.0.0.1
		if _, err := listed(c, ""); err != nil {
			t.Errorf("with %d strangers: %v", strangers.Load(), err)
		}
		c.Close()
	}
	close(stop)
	coming.Wait()
	patient.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := io.Copy(io.Discard, patient); err == nil {
		t.Error("somebody else's connection was closed")
	}
}

// memory returns the bytes in use on the heap and the stacks.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
