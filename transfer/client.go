// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Identity is who a client or a server is. *keyfile.Identity is one.
type Identity = channel.Identity

// Client sends objects to a server and gets them from it, over one connection
// after another: when one is cut, it opens the next and goes on from the last byte
// that is safe. It does one thing at a time; a second call waits for the first.
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
	// GiveUpAfter is how long the client goes on trying without any progress: without
	// a connection, or with a server that is there and does nothing, which is given as
	// long as Silence at least. A source that has nothing to send, and an object that is
	// followed, may take any time. Zero is 5 minutes, 15 with a server that is there, and
	// no second attempt if not even the first one reached the server.
	GiveUpAfter time.Duration
	// OnRetry, if set, is told that a connection has failed and will be tried again.
	OnRetry func(Retry)
	// TLS is for the outer connection of a wss:// URL; nil is the default. The
	// security of a transfer does not depend on it.
	TLS *tls.Config
	// Silence is how long a connection may give no sign of life until it counts as
	// dead. Zero is 60 s.
	Silence time.Duration

	mu        sync.Mutex
	conn      *channel.Conn
	connected bool // a server was reached at some time
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

// Close closes the connection, if there is one. The client can be used again.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hangUp()
	return nil
}

func (c *Client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// request is one thing to be done on a connection, and on the next one if that
// was cut.
type request interface {
	// run does it. It may be called again after an error.
	run(ctx context.Context, conn *channel.Conn) error
	// progress is a number that grows when something has been got done for good.
	progress() int64
	// waits says whether it is for something that the server cannot hasten. Any
	// goroutine may ask.
	waits() bool
}

// do runs a request until it succeeds, or cannot.
func (c *Client) do(ctx context.Context, r request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, before := time.Now(), r.progress()
	for attempt := 1; ; attempt++ {
		err := understand(c.attempt(ctx, r))
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
		if !c.connected && c.GiveUpAfter == 0 {
			return err
		}
		since := time.Since(last)
		left := cmp.Or(c.GiveUpAfter, defaultGiveUp) - since
		if left <= 0 {
			return join(fmt.Errorf("%w after %s without progress", ErrGaveUp, since.Round(time.Second)), err)
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

// attempt runs a request on the connection there is, or on a new one. After a
// failure there is none.
func (c *Client) attempt(ctx context.Context, r request) error {
	if c.conn != nil { // from the request before
		select {
		case <-c.conn.Closed():
			c.conn = nil
		default:
		}
	}
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return err
		}
	}
	conn := c.conn
	defer context.AfterFunc(ctx, conn.Close)()
	conn.Patience(r.waits)
	done := false
	defer func() {
		if !done { // nor after a panic
			c.hangUp()
		}
	}()
	err := r.run(ctx, conn)
	done = err == nil
	return err
}

// connect opens a connection and logs in.
func (c *Client) connect(ctx context.Context) error {
	stream, err := channel.Dial(ctx, c.URL, c.TLS)
	if err != nil {
		return err
	}
	c.connected = true
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	conn, err := channel.Connect(stream, &channel.Login{
		Identity: c.Identity,
		Check:    c.check,
		Times: channel.Times{
			Silence: c.Silence,
			Idle:    max(cmp.Or(c.GiveUpAfter, hangs), cmp.Or(c.Silence, channel.DefaultSilence)),
		},
	})
	if err != nil {
		return err
	}
	c.conn = conn
	return nil
}

func (c *Client) check(server signature.Fingerprint) error {
	if c.CheckServer == nil {
		return &permanent{errors.New("there is no Client.CheckServer to ask")}
	}
	if err := c.CheckServer(server); err != nil {
		return &permanent{err}
	}
	return nil
}

// Object is what a server says of an object.
type Object struct {
	Name string
	Size int64     // bytes
	Time time.Time // when it was stored, in whole seconds
}

// List returns the objects whose names begin with the prefix, as far as the
// client may list them, in the order of their names. The error is an [ErrName] for a
// prefix that is longer than any name.
func (c *Client) List(ctx context.Context, prefix string) ([]Object, error) {
	if len(prefix) > wire.MaxName {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrName, wire.MaxName)
	}
	r := &lister{prefix: prefix}
	err := c.do(ctx, r)
	return r.found, err
}

// maxList is how many objects a list may have. A server could send one without
// end.
const maxList = 1 << 20

type lister struct {
	prefix string
	found  []Object
}

func (r *lister) progress() int64 { return 0 }
func (r *lister) waits() bool     { return false }

func (r *lister) run(_ context.Context, conn *channel.Conn) error {
	r.found = nil
	if err := conn.Send(wire.TypeList, []byte(r.prefix)); err != nil {
		return err
	}
	for {
		m, err := conn.Next()
		switch {
		case err != nil:
			return err
		case m.Type == wire.TypeDone:
			return nil
		case m.Type != wire.TypeEntry:
			return fmt.Errorf("%w: 0x%02x in a list", wire.ErrOrder, m.Type)
		}
		e, err := wire.ParseEntry(m.Body)
		if err != nil {
			return err
		}
		if n := len(r.found); n == maxList || n > 0 && e.Name <= r.found[n-1].Name {
			return fmt.Errorf("%w: a list that is too long, or not in order", wire.ErrMalformed)
		}
		if CheckName(e.Name) != nil || !strings.HasPrefix(e.Name, r.prefix) {
			return fmt.Errorf("%w: a name that was not asked for, or that no object can have", wire.ErrMalformed)
		}
		r.found = append(r.found, Object{Name: e.Name, Size: e.Length, Time: time.Unix(e.Time, 0)})
	}
}

// Delete deletes an object. If the connection was cut before the answer came,
// and the object is gone then, that is success.
func (c *Client) Delete(ctx context.Context, name string) error {
	return c.do(ctx, &deleter{name: name})
}

type deleter struct {
	name  string
	asked bool // once before, without an answer
}

func (r *deleter) progress() int64 { return 0 }
func (r *deleter) waits() bool     { return false }

func (r *deleter) run(_ context.Context, conn *channel.Conn) error {
	if err := conn.Send(wire.TypeDelete, []byte(r.name)); err != nil {
		return err
	}
	asked := r.asked
	r.asked = true
	m, err := conn.Next()
	if asked && errors.Is(understand(err), ErrNotFound) {
		return nil
	}
	if err == nil && m.Type != wire.TypeDone {
		err = fmt.Errorf("%w: 0x%02x after a delete", wire.ErrOrder, m.Type)
	}
	return err
}
