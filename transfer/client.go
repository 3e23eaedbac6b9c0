// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package transfer sends pqenc files to a server and gets them from there, whatever
// happens to the connection. A [Client] is one side; package transfer/server is the
// other. What is transferred is opaque: a server has no key that opens it, and a
// client encrypts before Push and decrypts what Pull gives it.
//
// Both prove who they are by their keys, in TLS 1.3 of their own inside a
// WebSocket. A connection that is cut costs time and no more than the last few MiB:
// the client opens another one and resumes from what is durable. An object appears
// on the server when it is whole, and not before.
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

// Identity is who a client or a server is. *keyfile.Identity is one.
type Identity = channel.Identity

// Client sends objects to a server and gets them from it, over one connection
// after another: when one is cut, it opens the next and resumes from the last byte
// that is safe.
//
// Any number of goroutines may use it. One push, one pull and 16 small requests run
// at the same time, over the same connection; others wait. What the server sends comes in
// order: a pull whose bytes nobody takes holds up the answers to the other requests. So a
// pull that waits for a push of the same Client may wait without end; use two. To end a
// request by its context ends the connection; the others try again.
type Client struct {
	// URL is where the server is: ws:// or wss://, host and port, and the path at
	// which it takes connections.
	URL string
	// Identity is who the client is.
	Identity Identity
	// CheckServer is asked whether the server is the right one, after it has proven
	// who it is and before it learns who the client is. An error, such as
	// [ErrUnknownServer], ends it all.
	CheckServer func(server signature.Fingerprint) error
	// Connections is how many connections there are at most. Zero is one. There is another
	// one where nothing gets free for those who wait: on a long line.
	Connections int
	// GiveUpAfter is how long the client goes on trying without any progress: without
	// a connection, or with a server that is there and does nothing, which is given as
	// long as Silence at least. A source that has nothing to send, and an object that is
	// followed, may take any time. Zero is 5 minutes, 15 with a server that is there, and
	// no second attempt if not even the first one reached the server.
	GiveUpAfter time.Duration
	// OnRetry, if set, is told that a connection has failed and will be tried again.
	OnRetry func(Retry)
	// Dial opens the TCP connections to the server, or to the proxy in front of it; nil is
	// a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for the outer connection of a wss:// URL; nil is the default. The
	// security of a transfer does not depend on it.
	TLS *tls.Config
	// Silence is how long nothing may come from the other side until the connection
	// counts as dead. Zero is 60 s.
	Silence time.Duration

	pool     pool
	checking sync.Mutex   // held over CheckServer
	reached  atomic.Bool  // a server was, at some time
	needed   atomic.Int64 // how large the window of a push had to be, which the next one begins with
	noPut    atomic.Bool  // the server does not know it
	noGet    atomic.Bool
}

// Retry is a connection that has failed.
type Retry struct {
	Err     error
	Attempt int           // since the last progress, from 1
	Wait    time.Duration // until the next
}

const (
	defaultGiveUp = 5 * time.Minute
	firstWait     = 250 * time.Millisecond
	longestWait   = 30 * time.Second
	hangs         = 15 * time.Minute // a server that lives and does nothing, until it is given up
)

// Close closes the connections, if there are any. The client can be used again.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

// request is one thing to be done on a connection, and on the next one if that
// was cut.
type request interface {
	// begin returns the message that begins it. It may be called again after an error.
	begin() (wire.Type, []byte)
	// run does the rest.
	run(ctx context.Context, q *channel.Request) error
	// progress is a number that grows when something new has been got done.
	progress() int64
	// waits reports whether it is for something that the server cannot hasten. Any
	// goroutine may ask.
	waits() bool
}

// do runs a request until it succeeds, or cannot.
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
		tired := errors.Is(err, wire.ErrIdle) && r.waits()
		if tired { // of waiting, which is no failure
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
		if c.OnRetry != nil && !tired {
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

// backOff doubles with every attempt, and scatters, so that a hundred clients do
// not come back at the same moment.
func backOff(attempt int) time.Duration {
	wait := longestWait
	if attempt < 8 {
		wait = firstWait << (attempt - 1)
	}
	return wait/2 + rand.N(wait/2)
}

// attempt runs a request on the connection there is, or on a new one. That stays if the
// server has ended the request, and nothing else.
func (c *Client) attempt(ctx context.Context, pc *poolConn, r request) error {
	conn, err := c.connection(ctx, pc)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, conn.Close)()
	done := false
	defer func() {
		if !done { // nor after a panic
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
	if !done && errors.As(err, &mine) && !c.pool.alone(pc) { // or others would have to start again
		q.Abandon()
		q.Drain(wire.TypeEnd)
		done = q.Ended()
	}
	return err
}

// connection returns the connection, a new one if there is none.
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

// dial opens a connection for any number of requests.
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
