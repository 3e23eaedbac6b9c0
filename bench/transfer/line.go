// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// line simulates a long line on one machine: it delays data and limits the rate. It
// terminates the connections of both sides, so that the windows of TCP do not depend on the
// delay: what is measured is what the programs have in flight. It behaves like TCP with
// windows that are large enough, and buffers another round trip at its start.
type line struct {
	rate int64         // bits a second in each direction
	rtt  time.Duration // round-trip time
}

// parseLine parses a line like 1Gbit/100ms.
func parseLine(s string) (l line, err error) {
	rate, rtt, ok := strings.Cut(s, "/")
	unit := int64(1)
	for suffix, n := range map[string]int64{"Gbit": 1e9, "Mbit": 1e6} {
		if number, found := strings.CutSuffix(rate, suffix); found {
			rate, unit = number, n
		}
	}
	n, err := strconv.ParseInt(rate, 10, 32)
	if l.rate = n * unit; err == nil {
		l.rtt, err = time.ParseDuration(rtt)
	}
	if !ok || err != nil || l.rate <= 0 || l.rtt < 0 {
		return l, errors.New("-line: expected a line like 1Gbit/100ms")
	}
	return l, nil
}

// packet is the unit in bytes: half a millisecond of 1 Gbit/s.
const packet = 64 << 10

// lasts returns how long n bytes take.
func (l line) lasts(n int) time.Duration {
	return time.Duration(float64(n) * 8 / float64(l.rate) * float64(time.Second))
}

// serve runs the line to that address. It writes its own address to a file.
func (l line) serve(addr, name string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(listener.Addr().String()), 0o600); err != nil {
		return err
	}
	for {
		near, err := listener.Accept()
		if err != nil {
			return err
		}
		go l.join(near.(*net.TCPConn), addr)
	}
}

// join forwards a connection to the other end, until both directions have ended.
func (l line) join(near *net.TCPConn, addr string) {
	defer near.Close()
	time.Sleep(l.rtt) // for SYN and its answer
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	for _, c := range []*net.TCPConn{near, far} {
		c.SetReadBuffer(4 * packet) // otherwise the buffers of the system would be a part of the line
	}
	var both sync.WaitGroup
	both.Go(func() { l.carry(far, near) })
	both.Go(func() { l.carry(near, far) })
	both.Wait()
}

// arrival is data that leaves the line at that time.
type arrival struct {
	b   []byte
	due time.Time
}

// carry carries one direction to its end.
func (l line) carry(dst, src *net.TCPConn) {
	room := int((l.rtt+l.rtt/2)/l.lasts(packet)) + 4 // in the line, and at its start
	queue, free := make(chan arrival, room), make(chan []byte, room)
	for range room {
		free <- make([]byte, packet)
	}
	go func() {
		defer close(queue)
		idle := time.Now() // when the data before it has left
		for b := range free {
			n, err := src.Read(b)
			if now := time.Now(); idle.Before(now) {
				idle = now
			}
			idle = idle.Add(l.lasts(n))
			queue <- arrival{b[:n], idle.Add(l.rtt / 2)}
			if err != nil {
				return
			}
		}
	}()
	for a := range queue {
		time.Sleep(time.Until(a.due))
		if _, err := dst.Write(a.b); err != nil {
			src.Close()
		}
		free <- a.b[:packet]
	}
	dst.CloseWrite()
}

// loopback means no simulated line.
const loopback = "loopback"

// overLine runs the commands in turns over a line, and a bare TLS connection over the same
// line.
func (b *bench) overLine(text string, size int64, rounds int) error {
	var line func(addr string) (string, error)
	if text != loopback {
		l, err := parseLine(text)
		if err != nil {
			return err
		}
		fmt.Printf("%s: the bits alone take %.2f s\n", text, l.lasts(int(size)).Seconds())
		line = func(addr string) (string, error) { return b.startLine(text, addr) }
	}
	tasks, err := b.ours(size, line)
	if err != nil {
		return err
	}
	return b.turns(tasks, size, rounds)
}

// startLine starts a line to that address, and returns the address of the line. The line
// is a process of its own: the memory of this process would count for the commands that
// it starts, too.
func (b *bench) startLine(text, addr string) (string, error) {
	name := "line to " + addr
	if _, err := b.start("./transfer", "line", text, addr, name); err != nil {
		return "", err
	}
	return b.await(name)
}
