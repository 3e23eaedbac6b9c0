// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package channel is one connection between a client and a server that have
// proven who they are: TLS 1.3 in a byte stream, a login, and messages.
// PROTOCOL.md, sections 2 to 4, is its description.
//
// TLS hides and authenticates the bytes of this one connection, against a
// quantum computer, too, since no other key exchange than X25519MLKEM768 is
// accepted. Its certificates are thrown away and prove nothing. Who is at the
// other end is proven by the hybrid signature of each side over a value that
// only this connection has (RFC 9266), the server's first.
package channel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Stream is the byte stream below: that of a WebSocket. What is written may
// wait until Flush.
type Stream interface {
	net.Conn
	Flush() error
	// Grow is called after the login, before which memory is scarce.
	Grow()
}

// Identity is who one side is. *keyfile.Identity is one.
type Identity interface {
	SigningKey() *signature.PrivateKey
	// PublicDER returns the DER of the public keys, whose SHA-256 is the
	// fingerprint: the one for encryption and behind it the one for signing.
	PublicDER() []byte
}

// Times bound how long a connection waits. Zero is the default.
type Times struct {
	Login   time.Duration // for the handshake and the login together: 10 s
	Beat    time.Duration // without a message to send, until a keepalive: 15 s, or a quarter of Silence
	Silence time.Duration // without a byte from the other side, until it counts as dead: 60 s
	// Idle is for a request without progress, and for a connection without a request,
	// whatever keepalives there are: no limit.
	Idle time.Duration
}

// DefaultSilence is what Times.Silence is by default.
const DefaultSilence = time.Minute

func (t Times) withDefaults() Times {
	t.Login = cmp.Or(t.Login, 10*time.Second)
	t.Silence = cmp.Or(t.Silence, DefaultSilence)
	t.Beat = cmp.Or(t.Beat, min(15*time.Second, t.Silence/4))
	return t
}

var (
	// ErrChannel says that the other side did not do the handshake or the login
	// as PROTOCOL.md requires.
	ErrChannel = errors.New("not a pqenc connection")
	// ErrProof says that the other side's signature is wrong: it is not who it
	// says it is, or somebody is in between.
	ErrProof = errors.New("login is forged")
	// ErrSilent says that nothing came for too long.
	ErrSilent = errors.New("the other side has gone silent")
	// ErrRenew says that this connection has carried as much as one set of keys
	// should. The next one goes on from there.
	ErrRenew = errors.New("time for a new connection")
	// ErrClosed says that this side has closed the connection.
	ErrClosed = errors.New("connection closed")
)

// Conn is a connection after the login. Its messages come from Dispatch, or from Next,
// each for one goroutine; everything else is for any.
type Conn struct {
	tls   io.ReadWriter // its Read is for any number of goroutines
	low   *carrier
	peer  signature.Fingerprint
	times Times

	write    sync.Mutex // held for one whole message
	lastSent atomic.Int64

	free chan []byte // buffers for messages, as large as what has come in them
	held []byte      // the buffer of the message that Next returned last

	requests requests

	// alive is the context of all requests. It ends when no more messages come for them,
	// with the reason.
	alive    context.Context
	end      context.CancelCauseFunc
	failing  sync.Once
	lastWord bool // the other side was told why this one ends; write guards this

	once   sync.Once
	closed chan struct{}
	err    error // why; set before closed is
}

// start begins to send keepalives.
func (c *Conn) start() *Conn {
	c.free = make(chan []byte, 2) // one to be worked on while the other is filled
	c.alive, c.end = context.WithCancelCause(context.Background())
	c.closed = make(chan struct{})
	for range cap(c.free) {
		c.free <- []byte{}
	}
	c.lastSent.Store(time.Now().UnixNano())
	c.requests.quiet = time.Now()
	if c.times.Idle > 0 {
		go c.watch()
	}
	go c.beat()
	return c
}

// Peer returns who is at the other end.
func (c *Conn) Peer() signature.Fingerprint { return c.peer }

// Closed is closed when the connection is.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

// Next returns the next message, of whatever request. Its body is valid until the next
// call. When the other side has ended the connection, the error is a [wire.Error] with its
// reason.
func (c *Conn) Next() (wire.Message, error) {
	c.release(c.held)
	m, err := c.take()
	c.held = m.Body
	return m, err
}

// take is Next for who releases the body by itself. It waits for a buffer, so that
// messages do not pile up.
func (c *Conn) take() (m wire.Message, err error) {
	var buf []byte
	select {
	case buf = <-c.free:
	case <-c.closed:
		return m, c.err
	}
	m, err = c.read(buf)
	if c.alive.Err() != nil { // fail may have taken some away before this one
		err = context.Cause(c.alive)
	} else if err == nil && m.Type == wire.TypeError && m.Request == 0 {
		err = peerError(m.Body)
	}
	if err == nil {
		return m, nil
	}
	c.release(buf)
	if c.alive.Err() == nil && !errors.Is(err, wire.ErrMalformed) {
		c.close(err)
	}
	return wire.Message{}, c.broken(err)
}

// release gives a buffer back to be filled again.
func (c *Conn) release(body []byte) {
	if body != nil {
		c.free <- body[:0]
	}
}

func peerError(body []byte) error {
	e, err := wire.ParseError(body)
	return cmp.Or(err, error(e))
}

// read reads the next message that is not just a keepalive.
func (c *Conn) read(buf []byte) (wire.Message, error) {
	for {
		m, err := wire.Read(c.tls, buf, wire.MaxData)
		if err != nil || m.Type != wire.TypeBeat {
			return m, explain(err)
		}
	}
}

func explain(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ErrSilent
	}
	return err
}

// Send sends a message, whose body is at most [wire.MaxData] bytes. Request is 0 for one
// that belongs to none.
func (c *Conn) Send(t wire.Type, request uint32, body []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.send(t, request, body)
}

// send is Send with c.write held.
func (c *Conn) send(t wire.Type, request uint32, body []byte) error {
	if c.lastWord {
		return context.Cause(c.alive)
	}
	header := wire.Header(t, request, len(body))
	for _, p := range [][]byte{header[:], body} {
		if _, err := c.tls.Write(p); err != nil {
			return c.broken(err)
		}
	}
	c.lastSent.Store(time.Now().UnixNano())
	return c.broken(c.low.Flush())
}

// broken returns the reason that the connection ended for, if it has: a failed
// write says less.
func (c *Conn) broken(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-c.closed:
		return c.err
	default:
		return err
	}
}

// beat sends keepalives as long as there is nothing else to send.
func (c *Conn) beat() {
	ticker := time.NewTicker(c.times.Beat / 2)
	defer ticker.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-ticker.C:
		}
		// Who holds the lock is sending, which keeps it alive, too.
		if since(&c.lastSent) >= c.times.Beat/2 && c.write.TryLock() {
			err := c.send(wire.TypeBeat, 0, nil)
			last := c.lastWord
			c.write.Unlock()
			if err != nil && !last { // and it may be that nobody reads, who would notice
				c.close(err)
			}
		}
	}
}

// watch ends a connection on which something makes no progress. It sends nothing before,
// so that who does not read cannot stop it.
func (c *Conn) watch() {
	timer := time.NewTimer(c.times.Idle)
	defer timer.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-timer.C:
		}
		left := c.times.Idle - time.Since(c.requests.stalled())
		if left <= 0 {
			c.Fail(wire.CodeOf(wire.ErrIdle), "no progress for "+c.times.Idle.String())
			return
		}
		timer.Reset(left)
	}
}

func since(t *atomic.Int64) time.Duration { return time.Since(time.Unix(0, t.Load())) }

// lastWords is how long the reason of an end may take to arrive. Tests change it.
var lastWords = 3 * time.Second

// Fail tells the other side why the connection ends, and closes it. A second call waits
// for the end of the first.
func (c *Conn) Fail(code uint16, text string) {
	c.fail(fmt.Errorf("%w: %s", ErrClosed, text), &wire.Error{Code: code, Text: text})
}

func (c *Conn) fail(failure error, told *wire.Error) {
	c.failing.Do(func() {
		c.end(failure) // before messages are taken away below
		c.low.SetWriteDeadline(time.Now().Add(lastWords))
		if c.sendLast(told) == nil {
			// If there were something unread on closing, the reason might be thrown
			// away with it.
			late := time.AfterFunc(lastWords, func() { c.close(failure) })
			io.Copy(io.Discard, c.tls)
			late.Stop()
		}
		c.close(failure)
	})
}

// sendLast sends an error, after which nothing follows.
func (c *Conn) sendLast(e *wire.Error) error {
	c.write.Lock()
	defer c.write.Unlock()
	err := c.send(wire.TypeError, 0, e.Marshal())
	c.lastWord = true
	return err
}

// Close closes the connection. What is not sent by then is lost.
func (c *Conn) Close() { c.close(ErrClosed) }

func (c *Conn) close(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.closed)
		c.low.Close()
	})
}

// Traffic returns how many bytes were read and written, WebSocket framing apart.
func (c *Conn) Traffic() (in, out int64) { return c.low.in.Load(), c.low.out.Load() }
