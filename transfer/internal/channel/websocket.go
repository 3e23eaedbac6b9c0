// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	// frameSize is how much is gathered in one WebSocket message: all records of a data
	// message, so that one system call sends it.
	frameSize = 272 << 10
	// loginFrame is the size of the buffer during the login. It is enough for a message of
	// the login.
	loginFrame = 12 << 10
	// maxFrame is the size of the largest frame of the other side. Frames are read in parts.
	maxFrame = 1 << 20
	// maxLoginFrames is how many bytes are read during the login, including the headers of
	// frames and control frames.
	maxLoginFrames = 2 * maxLogin
)

var (
	errNotBinary = fmt.Errorf("%w: a WebSocket message that is not binary", ErrChannel)
	errTooLarge  = fmt.Errorf("%w: a WebSocket message of more than %d bytes", ErrChannel, maxFrame)
)

// WebSocket is the byte stream of the binary messages of a WebSocket. The boundaries of
// messages mean nothing. Read is for one goroutine; Write is safe for concurrent use.
type WebSocket struct {
	net.Conn // for addresses and deadlines
	in       *inbox
	limit    *io.LimitedReader // below in
	client   bool

	state ws.State  // of the reader
	frame ws.Header // the frame that is being read
	left  int64     // the rest of its payload
	buf   [ws.MaxHeaderSize]byte

	mu     sync.Mutex // held while a frame is gathered or sent
	out    []byte     // room for a header, and the payload so far
	size   int        // the largest size of out
	broken error      // set when a frame was sent in part: nothing can follow it
}

func newWebSocket(conn net.Conn, in io.Reader, state ws.State) *WebSocket {
	limit := &io.LimitedReader{R: in, N: maxLoginFrames}
	return &WebSocket{
		Conn:   conn,
		in:     newInbox(limit),
		limit:  limit,
		client: state.ClientSide(),
		state:  state,
		out:    make([]byte, ws.MaxHeaderSize),
		size:   ws.MaxHeaderSize + loginFrame,
	}
}

// Grow allows the buffers that a fast transfer needs. It must not run concurrently with Read
// or Write.
func (w *WebSocket) Grow() {
	w.limit.N = math.MaxInt64
	w.in.limit = maxInbox
	w.size = ws.MaxHeaderSize + frameSize
}

// Read reads from binary messages, and answers control frames.
func (w *WebSocket) Read(p []byte) (int, error) {
	for w.left == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n, err := w.in.Read(p[:min(int64(len(p)), w.left)])
	if w.frame.Masked {
		ws.Cipher(p[:n], w.frame.Mask, int((w.frame.Length-w.left)%4))
	}
	w.left -= int64(n)
	return n, err
}

// next reads the header of the next frame.
func (w *WebSocket) next() error {
	h, err := ws.ReadHeaderBuffer(w.in, w.buf[:])
	if err != nil {
		return err
	}
	if err := ws.CheckHeader(h, w.state); err != nil {
		return fmt.Errorf("%w: %w", ErrChannel, err)
	}
	switch {
	case h.OpCode.IsControl():
		return w.control(h)
	case h.OpCode == ws.OpText:
		return errNotBinary
	case h.Length > maxFrame:
		return errTooLarge
	}
	w.state = w.state.Set(ws.StateFragmented)
	if h.Fin {
		w.state = w.state.Clear(ws.StateFragmented)
	}
	w.frame, w.left = h, h.Length
	return nil
}

// control answers a ping, or ends the stream.
func (w *WebSocket) control(h ws.Header) error {
	handler := wsutil.ControlHandler{
		Src:   io.LimitReader(w.in, h.Length),
		Dst:   writerFunc(w.sendControl),
		State: w.state,
	}
	err := handler.Handle(h)
	var closed wsutil.ClosedError
	if errors.As(err, &closed) {
		return io.EOF
	}
	return err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (w *WebSocket) sendControl(frame []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(frame), w.send(frame)
}

// Write gathers a message, and sends it when it is large.
func (w *WebSocket) Write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n < len(p) && err == nil {
		k := min(len(p)-n, w.size-len(w.out))
		if len(w.out)+k > cap(w.out) && cap(w.out) > ws.MaxHeaderSize {
			w.out = append(make([]byte, 0, w.size), w.out...)
		}
		w.out = append(w.out, p[n:n+k]...)
		if n += k; len(w.out) == w.size {
			err = w.flush()
		}
	}
	return n, err
}

// Flush sends what was gathered.
func (w *WebSocket) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *WebSocket) flush() error {
	payload := w.out[ws.MaxHeaderSize:]
	if len(payload) == 0 {
		return w.broken
	}
	h := ws.Header{Fin: true, OpCode: ws.OpBinary, Length: int64(len(payload)), Masked: w.client}
	if h.Masked { // RFC 6455, section 5.3, requires this; it hides nothing
		rand.Read(h.Mask[:])
		ws.Cipher(payload, h.Mask, 0)
	}
	// The header precedes the payload in the buffer, for one system call.
	frame := w.out[ws.MaxHeaderSize-ws.HeaderSize(h):]
	w.out = w.out[:ws.MaxHeaderSize]
	header := writerFunc(func(p []byte) (int, error) { return copy(frame, p), nil })
	if err := ws.WriteHeader(header, h); err != nil {
		return err
	}
	return w.send(frame)
}

func (w *WebSocket) send(frame []byte) error {
	if w.broken == nil {
		_, w.broken = w.Conn.Write(frame)
	}
	return w.broken
}

// goodbye is how long a close frame may take. It is a courtesy to proxies.
const goodbye = 100 * time.Millisecond

// Close sends a close frame, unless a write is running, and closes the connection.
func (w *WebSocket) Close() error {
	if w.mu.TryLock() {
		w.Conn.SetWriteDeadline(time.Now().Add(goodbye))
		frame := ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))
		if w.client {
			frame = ws.MaskFrameInPlace(frame)
		}
		if b, err := ws.CompileFrame(frame); err == nil {
			w.send(b)
		}
		w.mu.Unlock()
	}
	return w.Conn.Close()
}
