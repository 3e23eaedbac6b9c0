// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second // also if a server asks for more

	// mostRefusals is how many times in a row a server that has never sent a byte may
	// answer with an error. That takes some 3 s.
	mostRefusals = 5
)

// persist calls do until it succeeds, fails permanently, or fails too many times in a row
// without a byte. do returns how many bytes it received.
func (c *client) persist(do func() (int, error)) error {
	wait, refusals := firstWait, 0
	for attempt := 1; ; attempt++ {
		n, err := do()
		switch {
		case err == nil:
			return nil
		case c.ctx.Err() != nil:
			return context.Cause(c.ctx)
		}
		// The target of a redirect may have expired: the next attempt asks again.
		moved := c.moved.Swap(nil) != nil
		status := new(StatusError)
		if errors.As(err, &status) && !status.Passing() {
			if moved && attempt < c.options.Tries {
				continue
			}
			return err
		}
		if status.Code == 0 && !c.passing(err) {
			return err
		}
		if n > 0 {
			attempt, wait = 1, firstWait
		}
		if c.absent(err) {
			return fmt.Errorf("%w: %w", ErrConnection, err)
		}
		if status.Code != 0 && status.After == 0 && c.bytes.Load() == 0 {
			refusals++
		} else {
			refusals = 0
		}
		if attempt >= c.options.Tries || refusals == mostRefusals {
			return fmt.Errorf("%w: %d attempts in a row without a byte: %w", ErrConnection, attempt, err)
		}
		pause := max(wait/2+rand.N(wait/2), min(status.After, longestWait))
		if c.options.OnRetry != nil {
			c.options.OnRetry(Retry{err, attempt, pause})
		}
		c.options.sleep(c.ctx, pause)
		wait = min(2*wait, longestWait)
	}
}

// passing reports whether an error other than a status may be temporary.
func (c *client) passing(err error) bool {
	return isLost(err) && !errors.As(err, new(*tls.CertificateVerificationError))
}

// absent reports whether the server was never reached.
func (c *client) absent(err error) bool {
	dial := (*net.OpError)(nil)
	return !c.answered.Load() && (errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, new(tls.RecordHeaderError)))
}

// retryAfter returns how long a Retry-After header asks to wait. Its value is a number of
// seconds or a time.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// sleep waits for d, or until the context ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
