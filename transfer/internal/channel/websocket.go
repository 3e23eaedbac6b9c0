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
	// frameSize is how much is gathered into one WebSocket message: the records
	// of a whole data message, so that one system call sends it.
	frameSize = 272 << 10
	// loginFrame is enough for a message of the login, before which nobody gets
	// more memory.
	loginFrame = 12 << 10
	// maxFrame is the largest message of the other side. It is read as it comes.
	maxFrame = 1 << 20
	// maxLoginFrames is how many bytes are read before the login is done, with
	// the frames around them and those that carry nothing.
	maxLoginFrames = 2 * maxLogin
)

var (
	errNotBinary = fmt.Errorf("%w: a WebSocket message that is not binary", ErrChannel)
	errTooLarge  = fmt.Errorf("%w: a WebSocket message of more than %d bytes", ErrChannel, maxFrame)
)

// WebSocket is the byte stream of the binary messages of one WebSocket. Where a
// message ends means nothing. One goroutine reads and any write.
type WebSocket struct {
	net.Conn // for addresses and deadlines
	in       *inbox
	limit    *io.LimitedReader // below in
	client   bool

	state ws.State  // of the reader
	frame ws.Header // being read
	left  int64     // of its payload
	buf   [ws.MaxHeaderSize]byte

	mu     sync.Mutex // held while a frame is gathered or sent
	out    []byte     // room for a header, and the payload so far
	size   int        // that out may have
	broken error      // nothing can follow a frame that was sent in part
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

// Grow lets it take as much memory as a fast transfer needs. Nothing may be read
// or written meanwhile.
func (w *WebSocket) Grow() {
	w.limit.N = math.MaxInt64
	w.in.limit = maxInbox
	w.size = ws.MaxHeaderSize + frameSize
}

// Read reads from the messages, and answers what comes between them.
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

// next begins the next frame.
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

// Write gathers a message, and sends it when it is a large one.
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
	if h.Masked { // as RFC 6455 wants, section 5.3: it hides nothing
		rand.Read(h.Mask[:])
		ws.Cipher(payload, h.Mask, 0)
	}
	// The header goes right before the payload, for one system call.
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

// goodbye is how long a closing message may take. It is a courtesy to proxies.
const goodbye = 100 * time.Millisecond

// Close says goodbye, if nobody is writing, and closes the connection.
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
