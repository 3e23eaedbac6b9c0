// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxLogin is how many bytes are read, and written, before the login is complete. Both
	// sides need about 9 KB each.
	maxLogin = 32 << 10
	// maxTraffic is how many bytes a connection carries in each direction. AES-GCM in TLS 1.3
	// is safe for 2^24.5 records of 16 KiB (RFC 8446, section 5.5), which are 361 GiB, and
	// crypto/tls never updates its keys.
	maxTraffic = 256 << 30
)

// carrier is the stream below TLS. It limits how much it carries, and how long a read
// waits.
type carrier struct {
	Stream
	limit   atomic.Int64
	silence atomic.Int64 // nanoseconds; 0 during the login, which has a deadline
	in, out atomic.Int64
}

func newCarrier(s Stream, login time.Duration) *carrier {
	c := &carrier{Stream: s}
	c.limit.Store(maxLogin)
	s.SetDeadline(time.Now().Add(login))
	return c
}

// admit ends the login and its deadline.
func (c *carrier) admit(silence time.Duration, traffic int64) {
	c.Grow()
	c.SetDeadline(time.Time{})
	c.silence.Store(int64(silence))
	c.limit.Store(traffic)
}

// Read reads, with a timeout. Only the time in Read counts: a slow reader does not take the
// other side for dead.
func (c *carrier) Read(p []byte) (int, error) {
	if silence := time.Duration(c.silence.Load()); silence > 0 {
		c.SetReadDeadline(time.Now().Add(silence))
	}
	n, err := c.Stream.Read(p)
	if c.in.Add(int64(n)) > c.limit.Load() {
		return 0, c.exceeded()
	}
	return n, err
}

func (c *carrier) Write(p []byte) (int, error) {
	if c.out.Add(int64(len(p))) > c.limit.Load() {
		return 0, c.exceeded()
	}
	n, err := c.Stream.Write(p)
	if err == nil && c.silence.Load() == 0 { // crypto/tls does not flush before it waits for an answer
		err = c.Flush()
	}
	return n, err
}

func (c *carrier) exceeded() error {
	if c.silence.Load() == 0 {
		return fmt.Errorf("%w: more than %d bytes before the login", ErrChannel, maxLogin)
	}
	return ErrRenew
}
