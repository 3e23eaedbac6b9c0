// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"time"
)

// A carrier connects a client and a server that gather frame bytes before they
// write.
type carrier struct {
	name    string
	tls     bool
	connect func(frame int) (client, server *stream, err error)
}

// task is a bulk transfer under measurement.
type task struct {
	carrier carrier
	up      bool // client to server: the masked direction
	frame   int

	speeds []float64 // GB/s
	cpu    []float64 // s/GB, both ends and the kernel
	allocs []float64 // bytes/GB
}

func (t *task) direction() string {
	if t.up {
		return "up"
	}
	return "down"
}

func (t *task) String() string {
	return fmt.Sprintf("%s %s %d KiB", t.carrier.name, t.direction(), t.frame>>10)
}

// end is one side: data goes in and out of conn, and flush sends what the
// stream below still holds.
type end struct {
	net.Conn
	flush func() error
}

// ends connects, does the handshakes and begins to gather.
func (t *task) ends() (from, to end, err error) {
	client, server, err := t.carrier.connect(t.frame)
	if err != nil {
		return end{}, end{}, err
	}
	a, b := end{client, client.Flush}, end{server, server.Flush}
	if t.carrier.tls {
		if a.Conn, b.Conn, err = secure(client, server); err != nil {
			return end{}, end{}, errors.Join(err, client.Close(), server.Close())
		}
	}
	client.gathers, server.gathers = true, true
	if t.up {
		return a, b, nil
	}
	return b, a, nil
}

// pieces is how much is written to and read from TLS at once.
const pieces = 256 << 10

// measure sends size bytes and only counts them.
func (t *task) measure(size int64) error {
	from, to, err := t.ends()
	if err != nil {
		return err
	}
	defer func() { _, _ = from.Close(), to.Close() }()
	out, in := make([]byte, pieces), make([]byte, pieces)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, busy := time.Now(), cpuTime()
	err = transfer(from, to, size, out, in, func([]byte) {}, func([]byte) error { return nil })
	took, used := time.Since(start), cpuTime()-busy
	runtime.ReadMemStats(&after)
	gb := float64(size) / 1e9
	t.speeds = append(t.speeds, gb/took.Seconds())
	t.cpu = append(t.cpu, used.Seconds()/gb)
	t.allocs = append(t.allocs, float64(after.TotalAlloc-before.TotalAlloc)/gb)
	return err
}

var errWrongBytes = errors.New("received other bytes than were sent")

// check sends a counter in pieces that fit neither records nor frames, and
// compares every byte.
func (t *task) check() error {
	from, to, err := t.ends()
	if err != nil {
		return err
	}
	defer func() { _, _ = from.Close(), to.Close() }()
	var sent, received counter
	want := make([]byte, pieces)
	return transfer(from, to, 16<<20+24, make([]byte, 100_000), make([]byte, pieces), sent.fill, func(p []byte) error {
		want = want[:len(p)]
		if received.fill(want); !bytes.Equal(p, want) {
			return errWrongBytes
		}
		return nil
	})
}

// transfer writes size bytes in pieces that fill makes in out, and reads them
// in pieces that see gets in in.
func transfer(from, to end, size int64, out, in []byte, fill func([]byte), see func([]byte) error) error {
	sent := make(chan error, 1)
	go func() { sent <- send(from, size, out, fill) }()
	for left := size; left > 0; {
		n, err := to.Read(in[:min(left, int64(len(in)))])
		left -= int64(n)
		if err := errors.Join(see(in[:n]), err); err != nil {
			return err
		}
	}
	return <-sent
}

func send(to end, size int64, buf []byte, fill func([]byte)) error {
	for left := size; left > 0; {
		p := buf[:min(left, int64(len(buf)))]
		fill(p)
		n, err := to.Write(p)
		if err != nil {
			return err
		}
		if n < len(p) {
			return io.ErrShortWrite
		}
		left -= int64(n)
	}
	return to.flush()
}

// counter makes the bytes of consecutive 64-bit numbers, in pieces of any size.
type counter struct {
	n    uint64
	rest []byte
}

func (c *counter) fill(p []byte) {
	for len(p) > 0 {
		if len(c.rest) == 0 {
			c.rest = binary.BigEndian.AppendUint64(c.rest, c.n)
			c.n++
		}
		n := copy(p, c.rest)
		p, c.rest = p[n:], c.rest[n:]
	}
}
