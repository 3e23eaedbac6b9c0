// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package transfer pushes pqenc files to a server and pulls them, and recovers from lost
// connections. A [Client] is one side; package transfer/server is the other. The server has
// no key that opens the files: a client encrypts before it pushes, and decrypts what it
// pulls.
//
// Both sides authenticate with their keys, in TLS 1.3 inside a WebSocket. If a connection is
// lost, the client opens another one and resumes from what is durable, so that at most the
// last few MiB are sent again. Objects appear on the server atomically.
//
// The protocol is specified in PROTOCOL.md. This package may still change.
package transfer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Identity is the private key of a client or a server. *keyfile.Identity implements it.
type Identity = channel.Identity

// Client pushes objects to a server and pulls them. If its connection is lost, it opens
// another one and resumes from the last durable byte.
//
// A Client is safe for concurrent use. One push, one pull and 16 small requests share a
// connection; further ones wait. All answers of the server share one stream: a pull whose
// bytes nobody reads delays the answers to other requests. So a pull that waits for a push
// of the same Client can wait without end; use two Clients. Cancelling the context of a
// request closes the connection, and the other requests on it are sent again.
type Client struct {
	// URL is the address of the server: ws:// or wss://, host and port, and the path at
	// which it accepts connections.
	URL string
	// Identity is the private key of the client.
	Identity Identity
	// CheckServer decides whether the server is the right one. It is called after the server
	// has authenticated, and before the server learns who the client is. An error, such as
	// [ErrUnknownServer], ends the request.
	CheckServer func(server signature.Fingerprint) error
	// Connections is the largest number of connections; zero is one. The client opens another
	// one if requests wait and none ends for a while, as on a line with a long delay.
	Connections int
	// GiveUpAfter is how long the client tries without progress: without a connection, or
	// with a server that answers keepalives only, for which Silence is the minimum. A source
	// that has nothing to send, and an object that is followed, may take any time. Zero is 5
	// minutes, or 15 with a connection, and no second attempt if the first one did not reach
	// the server.
	GiveUpAfter time.Duration
	// OnRetry, if set, is called when a connection has failed and will be tried again.
	OnRetry func(Retry)
	// Dial opens the TCP connections to the server, or to the proxy in front of it; nil is
	// a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS configures the outer connection of a wss:// URL; nil is the default. The
	// security of a transfer does not depend on it.
	TLS *tls.Config
	// Silence is how long a connection without any byte from the server counts as alive.
	// Zero is 60 s.
	Silence time.Duration

	pool     pool
	checking sync.Mutex   // held over CheckServer
	reached  atomic.Bool  // a server answered, at some time
	needed   atomic.Int64 // the window that the last push needed, with which the next one starts
	noPut    atomic.Bool  // the server does not know PUT
	noGet    atomic.Bool
}

// Retry describes a connection that has failed.
type Retry struct {
	Err     error
	Attempt int           // since the last progress, from 1
	Wait    time.Duration // until the next
}

const (
	defaultGiveUp = 5 * time.Minute
	firstWait     = 250 * time.Millisecond
	longestWait   = 30 * time.Second
	hangs         = 15 * time.Minute // until a server that sends keepalives only counts as stuck
)

// Close closes all connections. The client can be used again.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

// request is a request that runs on a connection, and again on the next one if that is
// lost.
type request interface {
	// begin returns the first message. It may be called again after an error.
	begin() (wire.Type, []byte)
	// run does the rest of the request.
	run(ctx context.Context, q *channel.Request) error
	// progress returns a number that grows when the request makes progress.
	progress() int64
	// waits reports whether the request waits for something other than the server. It is
	// safe for concurrent use.
	waits() bool
}

// do runs a request until it succeeds or fails for good.
func (c *Client) do(ctx context.Context, k kind, r request) error {
	pc, err := c.pool.acquire(ctx, k, c.Connections, c.dial)
	if err != nil {
		return err
	}
	defer func() { c.pool.release(pc, k) }()
	last, before := time.Now(), r.progress()
	for attempt := 1; ; attempt++ {
		err = understand(c.attempt(ctx, pc, r))
		if ctx.Err() != nil {
			err = cmp.Or(context.Cause(ctx), err)
		}
		if err == nil || ctx.Err() != nil || !temporary(err) {
			return err
		}
		if now := r.progress(); now != before {
			last, before, attempt = time.Now(), now, 1
		}
		waited := errors.Is(err, wire.ErrIdle) && r.waits()
		if waited { // too long for the server, which is no failure
			last, attempt = time.Now(), 1
		}
		wait := backOff(attempt)
		if errors.Is(err, channel.ErrRenew) {
			wait = 0
		}
		if c.GiveUpAfter == 0 && !c.reached.Load() {
			return err
		}
		since := time.Since(last)
		left := cmp.Or(c.GiveUpAfter, defaultGiveUp) - since
		if left <= 0 {
			return fmt.Errorf("%w after %s without progress: %w", ErrGaveUp, since.Round(time.Second), err)
		}
		wait = min(wait, left) // and then a last attempt
		if c.OnRetry != nil && !waited {
			c.OnRetry(Retry{Err: err, Attempt: attempt, Wait: wait})
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if c.pool.lost(pc) {
			if pc, err = c.pool.acquire(ctx, k, c.Connections, c.dial); err != nil {
				return err
			}
		}
	}
}

// backOff returns how long to wait before the next attempt. It doubles with every attempt,
// and is partly random, so that many clients do not come back at the same moment.
func backOff(attempt int) time.Duration {
	wait := longestWait
	if attempt < 8 {
		wait = firstWait << (attempt - 1)
	}
	return wait/2 + rand.N(wait/2)
}

// attempt runs a request on the open connection or on a new one. If it fails, the connection
// stays open only if the server has ended the request and nothing else.
func (c *Client) attempt(ctx context.Context, pc *poolConn, r request) error {
	conn, err := c.connection(ctx, pc)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, conn.Close)()
	done := false
	defer func() {
		if !done { // also after a panic
			conn.Close()
		}
	}()
	t, body := r.begin()
	q, err := conn.Start(t, body, r.waits)
	if err != nil {
		return err
	}
	defer q.End()
	err = r.run(ctx, q)
	var refused *wire.Error
	var mine *permanent
	done = err == nil || q.Gone() || errors.As(err, &refused)
	if !done && errors.As(err, &mine) && !c.pool.alone(pc) { // others would have to start again
		q.Abandon()
		q.Drain(wire.TypeEnd)
		done = q.Ended()
	}
	return err
}

// connection returns the open connection, or opens one.
func (c *Client) connection(ctx context.Context, pc *poolConn) (*channel.Conn, error) {
	select {
	case pc.dialing <- struct{}{}:
		defer func() { <-pc.dialing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if conn := pc.live(); conn != nil {
		return conn, nil
	}
	conn, err := c.dial(ctx)
	if err == nil {
		pc.conn.Store(conn)
	}
	return conn, err
}

// dial opens a connection and starts to dispatch its messages.
func (c *Client) dial(ctx context.Context) (*channel.Conn, error) {
	conn, err := c.connect(ctx)
	if err == nil {
		go conn.Dispatch(nil)
	}
	return conn, err
}

// connect opens a connection and logs in.
func (c *Client) connect(ctx context.Context) (*channel.Conn, error) {
	stream, err := channel.Dial(ctx, c.URL, c.TLS, c.Dial)
	if err != nil {
		return nil, err
	}
	c.reached.Store(true)
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	return channel.Connect(stream, &channel.Login{
		Identity: c.Identity,
		Check:    c.check,
		Times: channel.Times{
			Silence: c.Silence,
			Idle:    max(cmp.Or(c.GiveUpAfter, hangs), cmp.Or(c.Silence, channel.DefaultSilence)),
		},
	})
}

func (c *Client) check(server signature.Fingerprint) error {
	err := errors.New("there is no Client.CheckServer to ask")
	if c.CheckServer != nil {
		c.checking.Lock()
		defer c.checking.Unlock()
		err = c.CheckServer(server)
	}
	if err != nil {
		return &permanent{err}
	}
	return nil
}
