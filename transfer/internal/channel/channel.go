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

// PeerError is the other side's reason to end a request or the connection.
type PeerError struct {
	Code uint16
	Text string // not to be trusted: it may hold anything
}

// Error quotes the text, so that it does no harm in a log.
func (e *PeerError) Error() string { return fmt.Sprintf("error %d: %q", e.Code, e.Text) }

// Unwrap returns what the code means.
func (e *PeerError) Unwrap() error { return wire.Meaning(e.Code) }

// Conn is a connection after the login. Messages come out of it by Dispatch, or by
// Next, each for one goroutine; everything else is for any.
type Conn struct {
	tls   io.ReadWriter
	low   *carrier
	peer  signature.Fingerprint
	times Times

	write    sync.Mutex // held for one whole message
	lastSent atomic.Int64

	incoming chan wire.Message
	free     chan []byte // buffers for messages, as large as what has come in them
	held     []byte      // the buffer of the message that Next returned last

	requests requests

	failing  sync.Once
	failed   chan struct{} // closed when this side begins to say why it ends
	failure  error         // that; set before failed is closed
	lastWord bool          // it has been said; c.write guards this

	once   sync.Once
	closed chan struct{}
	err    error // why; set before closed is
}

// start begins to read and to send keepalives.
func (c *Conn) start() *Conn {
	c.incoming = make(chan wire.Message)
	c.free = make(chan []byte, 2) // one to be worked on while the other is filled
	c.failed, c.closed = make(chan struct{}), make(chan struct{})
	for range cap(c.free) {
		c.free <- []byte{}
	}
	c.lastSent.Store(time.Now().UnixNano())
	c.requests.quiet = time.Now()
	if c.times.Idle > 0 {
		go c.watch()
	}
	go c.receive()
	go c.beat()
	return c
}

// Peer returns who is at the other end.
func (c *Conn) Peer() signature.Fingerprint { return c.peer }

// Closed is closed when the connection is.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

// Next returns the next message, of whatever request. Its body is valid until the next
// call. When the other side has ended the connection, the error is a [PeerError] with its
// reason. There is no next one after Fail was called: some have been thrown away.
func (c *Conn) Next() (wire.Message, error) {
	c.release(c.held)
	m, err := c.take()
	c.held = m.Body
	return m, err
}

// take is Next for who releases the body by itself.
func (c *Conn) take() (wire.Message, error) {
	select {
	case m := <-c.incoming:
		select {
		case <-c.failed:
			c.release(m.Body)
			return wire.Message{}, c.failure
		default:
		}
		return m, nil
	case <-c.failed:
		return wire.Message{}, c.failure
	case <-c.closed:
		return wire.Message{}, c.err
	}
}

// release gives a buffer back to be filled again.
func (c *Conn) release(body []byte) {
	if body != nil {
		c.free <- body[:0]
	}
}

func peerError(body []byte) error {
	e, err := wire.ParseError(body)
	if err != nil {
		return err
	}
	return &PeerError{e.Code, e.Text}
}

// receive reads messages ahead of Next, so that one is decrypted while the one
// before is written to a disk.
func (c *Conn) receive() {
	for {
		var buf []byte
		select {
		case buf = <-c.free:
		case <-c.closed:
			return
		}
		m, err := c.read(buf)
		if err == nil && m.Type == wire.TypeError && m.Request == 0 { // Next has had all that came before it
			err = peerError(m.Body)
		}
		if err != nil {
			if errors.Is(err, wire.ErrMalformed) {
				go c.fail(err, wire.CodeProtocol, err.Error())
				io.Copy(io.Discard, c.tls) // in place of linger, until fail has closed it
			}
			c.close(err)
			return
		}
		select {
		case c.incoming <- m:
		case <-c.closed:
			return
		}
	}
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

// Send sends a message that is not long. Request is 0 for one that belongs to none.
func (c *Conn) Send(t wire.Type, request uint32, body []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.send(wire.Append(nil, t, request, body))
}

// SendData sends a part of an object, at most [wire.MaxData] bytes.
func (c *Conn) SendData(request uint32, p []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	header := wire.Header(wire.TypeData, request, len(p))
	return c.send(header[:], p)
}

func (c *Conn) send(parts ...[]byte) error {
	if c.lastWord {
		return c.failure
	}
	for _, p := range parts {
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
			err := c.send(wire.Append(nil, wire.TypeBeat, 0, nil))
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

// Fail tells the other side why the connection ends, and closes it. It may be
// called while the goroutine of Next is at work. A second call waits for the end of
// the first.
func (c *Conn) Fail(code uint16, text string) {
	c.fail(fmt.Errorf("%w: %s", ErrClosed, text), code, text)
}

func (c *Conn) fail(failure error, code uint16, text string) {
	c.failing.Do(func() {
		c.failure = failure
		close(c.failed) // before linger takes a message away from Next
		c.low.SetWriteDeadline(time.Now().Add(lastWords))
		if c.sendLast(&wire.Error{Code: code, Text: text}) == nil {
			c.linger()
		}
		c.close(c.failure)
	})
}

// sendLast sends an error, after which nothing follows.
func (c *Conn) sendLast(e *wire.Error) error {
	c.write.Lock()
	defer c.write.Unlock()
	err := c.send(wire.Append(nil, wire.TypeError, 0, e.Marshal()))
	c.lastWord = true
	return err
}

// linger reads on until the other side has closed: if there were something
// unread on closing, the reason might be thrown away with it.
func (c *Conn) linger() {
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	for {
		select {
		case m := <-c.incoming:
			c.release(m.Body)
		case <-c.closed:
			return
		case <-timer.C:
			return
		}
	}
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
