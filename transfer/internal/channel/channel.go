// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package channel implements an authenticated connection between a client and a server: TLS
// 1.3 in a byte stream, a login, and messages. PROTOCOL.md, sections 2 to 4, specifies it.
//
// TLS encrypts and authenticates the bytes of this connection, also against a quantum
// computer, because the only key exchange is X25519MLKEM768. Its certificates prove nothing.
// Both sides authenticate with hybrid signatures over the channel binding of this connection
// (RFC 9266), the server first.
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

// Stream is the byte stream of a WebSocket. Written bytes may be buffered until Flush.
type Stream interface {
	net.Conn
	Flush() error
	// Grow allows larger buffers. It is called after the login.
	Grow()
}

// Identity is the private key of one side. *keyfile.Identity implements it.
type Identity interface {
	SigningKey() *signature.PrivateKey
	// PublicDER returns the DER of the public keys, whose SHA-256 is the fingerprint: the
	// encryption key, followed by the signing key.
	PublicDER() []byte
}

// Times are the timeouts of a connection. Zero is the default.
type Times struct {
	Login   time.Duration // for the handshake and the login together: 10 s
	Beat    time.Duration // without sending, until a keepalive: 15 s, or a quarter of Silence
	Silence time.Duration // without receiving, until the connection counts as dead: 60 s
	// Idle is the idle timeout: for a request without progress, and for a connection without
	// requests. Keepalives do not count. The default is no limit.
	Idle time.Duration
}

// DefaultSilence is the default of Times.Silence.
const DefaultSilence = time.Minute

func (t Times) withDefaults() Times {
	t.Login = cmp.Or(t.Login, 10*time.Second)
	t.Silence = cmp.Or(t.Silence, DefaultSilence)
	t.Beat = cmp.Or(t.Beat, min(15*time.Second, t.Silence/4))
	return t
}

var (
	// ErrChannel reports a handshake or a login that is not as PROTOCOL.md requires.
	ErrChannel = errors.New("not a pqenc connection")
	// ErrProof reports a wrong signature of the other side: it does not have its private key,
	// or there is a man in the middle.
	ErrProof = errors.New("the signature of the other side is wrong")
	// ErrSilent reports that nothing was received for too long.
	ErrSilent = errors.New("nothing was received from the other side for too long")
	// ErrRenew reports that the connection has carried as much as its keys allow. The next
	// connection resumes.
	ErrRenew = errors.New("the keys of the connection are worn out")
	// ErrClosed reports that this side has closed the connection.
	ErrClosed = errors.New("connection closed")
)

// Conn is a connection after the login. Its messages are read by Dispatch or by Next, in one
// goroutine. All other methods are safe for concurrent use.
type Conn struct {
	tls   io.ReadWriter // Read is safe for concurrent use
	low   *carrier
	peer  signature.Fingerprint
	times Times

	write    sync.Mutex // held for one whole message
	lastSent atomic.Int64

	free chan []byte // buffers for messages, as large as the largest message in them
	held []byte      // the buffer of the last message of Next

	requests requests

	// alive is the context of all requests. It ends, with the reason, when they receive no
	// more messages.
	alive    context.Context
	end      context.CancelCauseFunc
	failing  sync.Once
	lastWord bool // the final error was sent; guarded by write

	once   sync.Once
	closed chan struct{}
	err    error // why; set before closed is closed
}

// start begins to send keepalives.
func (c *Conn) start() *Conn {
	c.free = make(chan []byte, 2) // one is used while the other is filled
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

// Peer returns the fingerprint of the other side.
func (c *Conn) Peer() signature.Fingerprint { return c.peer }

// Closed is closed when the connection is.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

// Next returns the next message of any request. Its body is valid until the next call. If
// the other side has ended the connection, the error is a [wire.Error] with its reason.
func (c *Conn) Next() (wire.Message, error) {
	c.release(c.held)
	m, err := c.take()
	c.held = m.Body
	return m, err
}

// take is Next without releasing the body. It waits for a free buffer, so that messages do
// not pile up.
func (c *Conn) take() (m wire.Message, err error) {
	var buf []byte
	select {
	case buf = <-c.free:
	case <-c.closed:
		return m, c.err
	}
	m, err = c.read(buf)
	if c.alive.Err() != nil { // fail may have discarded messages before this one
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

// release makes a buffer free again.
func (c *Conn) release(body []byte) {
	if body != nil {
		c.free <- body[:0]
	}
}

func peerError(body []byte) error {
	e, err := wire.ParseError(body)
	return cmp.Or(err, error(e))
}

// read reads the next message that is not a keepalive.
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

// Send sends a message with a body of at most [wire.MaxData] bytes. Request is 0 for a
// message that belongs to no request.
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

// broken returns the reason why the connection has ended, or err if it has not. The reason
// says more than the error of a write.
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

// beat sends keepalives while nothing else is sent.
func (c *Conn) beat() {
	ticker := time.NewTicker(c.times.Beat / 2)
	defer ticker.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-ticker.C:
		}
		// If the lock is held, something else is being sent.
		if since(&c.lastSent) >= c.times.Beat/2 && c.write.TryLock() {
			err := c.send(wire.TypeBeat, 0, nil)
			last := c.lastWord
			c.write.Unlock()
			if err != nil && !last { // and there may be no reader that would notice
				c.close(err)
			}
		}
	}
}

// watch closes a connection on which a request makes no progress. It sends nothing before, so
// that a side that does not read cannot block it.
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

// lastWords is how long the final error may take to arrive. Tests change it.
var lastWords = 3 * time.Second

// Fail sends the final error and closes the connection. A second call waits for the first
// one.
func (c *Conn) Fail(code uint16, text string) {
	c.fail(fmt.Errorf("%w: %s", ErrClosed, text), &wire.Error{Code: code, Text: text})
}

func (c *Conn) fail(failure error, told *wire.Error) {
	c.failing.Do(func() {
		c.end(failure) // before messages are discarded below
		c.low.SetWriteDeadline(time.Now().Add(lastWords))
		if c.sendLast(told) == nil {
			// Unread bytes at the close could make the system discard the final error.
			late := time.AfterFunc(lastWords, func() { c.close(failure) })
			io.Copy(io.Discard, c.tls)
			late.Stop()
		}
		c.close(failure)
	})
}

// sendLast sends the final error. Nothing is sent after it.
func (c *Conn) sendLast(e *wire.Error) error {
	c.write.Lock()
	defer c.write.Unlock()
	err := c.send(wire.TypeError, 0, e.Marshal())
	c.lastWord = true
	return err
}

// Close closes the connection, and discards what was not sent.
func (c *Conn) Close() { c.close(ErrClosed) }

func (c *Conn) close(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.closed)
		c.low.Close()
	})
}

// Traffic returns how many bytes were read and written, without the framing of the
// WebSocket.
func (c *Conn) Traffic() (in, out int64) { return c.low.in.Load(), c.low.out.Load() }
