// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package bandwidth limits how fast bytes go through connections.
package bandwidth

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// Limiter is a limit for any number of connections together: what they send stays below
// the rate, and so does what they receive.
//
// The limit is at the socket, so that it counts every byte: framing, logins and what is sent
// again, too.
type Limiter struct {
	in, out *rate.Limiter
	piece   int // bytes that go through at once
	buffer  int // bytes that the system may receive ahead; 0 is as many as it likes
}

const (
	// perSecond is into how many pieces a second is divided, so that every wait is shorter
	// than a deadline or a keepalive, whatever the rate.
	perSecond = 20
	// smallest and largest bound a piece in bytes, and mostAhead what may go through at once
	// after a pause, which is what makes up for timers that are late.
	smallest, largest = 1 << 10, 256 << 10
	mostAhead         = 1 << 30
)

// New returns a limit of so many bytes a second, which is more than 0.
func New(bytes int64) *Limiter {
	ahead := int(min(max(bytes/perSecond, smallest), mostAhead))
	limiter := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(bytes), ahead) }
	l := &Limiter{in: limiter(), out: limiter(), piece: min(ahead, largest)}
	if bytes < maxBuffered {
		l.buffer = int(max(bytes, leastBuffer))
	}
	return l
}

// What has not been read yet waits in the buffers of the systems on both sides. That is a
// burst on the network for which this side then makes up by reading nothing: with large
// buffers and a low rate for minutes.
const (
	leastBuffer = 64 << 10
	maxBuffered = 4 << 20
)

// Conn returns conn with the limit.
func (l *Limiter) Conn(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok && l.buffer > 0 {
		tcp.SetReadBuffer(l.buffer) // else the rate is right on average only
	}
	c := &limited{Conn: conn, Limiter: l}
	c.open, c.close = context.WithCancel(context.Background())
	return c
}

// limited is a connection with a limit.
type limited struct {
	net.Conn
	*Limiter
	open  context.Context // until it is closed, so that nobody waits any longer
	close context.CancelFunc
}

// Read implements [net.Conn]. It waits after it has read: only then it is known how much
// there was.
func (c *limited) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.piece)])
	if n > 0 && c.in.WaitN(c.open, n) != nil {
		return n, net.ErrClosed
	}
	return n, err
}

// Write implements [net.Conn]. The pieces of several connections take turns.
func (c *limited) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		piece := p[n:min(len(p), n+c.piece)]
		if c.out.WaitN(c.open, len(piece)) != nil {
			return n, net.ErrClosed
		}
		var written int
		written, err = c.Conn.Write(piece)
		n += written
	}
	return n, err
}

// Close implements [net.Conn].
func (c *limited) Close() error {
	c.close()
	return c.Conn.Close()
}
