// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

var (
	errNotBinary = errors.New("a message that is not binary")
	errTooLarge  = errors.New("a message larger than allowed")
)

// gobwas carries over github.com/gobwas/ws: headers and the mask are its work,
// the buffers are ours.
func gobwas(frame int) (client, server *stream, err error) {
	return overHTTP(
		func(w http.ResponseWriter, r *http.Request) (*stream, error) {
			conn, rw, _, err := ws.UpgradeHTTP(r, w)
			if err != nil {
				return nil, err
			}
			return gobwasStream(conn, rw.Reader, ws.StateServerSide, frame), nil
		},
		func(addr string) (*stream, error) {
			conn, early, _, err := ws.Dial(context.Background(), "ws://"+addr)
			if err != nil {
				return nil, err
			}
			return gobwasStream(conn, early, ws.StateClientSide, frame), nil
		})
}

// gobwasStream may get a reader with bytes that came with the handshake.
func gobwasStream(conn net.Conn, early *bufio.Reader, state ws.State, frame int) *stream {
	var from io.Reader = conn
	if early != nil && early.Buffered() > 0 {
		from = io.MultiReader(io.LimitReader(early, int64(early.Buffered())), conn)
	}
	buffered := bufio.NewReaderSize(from, frame)
	return &stream{
		Conn: conn,
		in:   &frameReader{buffered: buffered, conn: conn, state: state, limit: int64(frame)},
		out:  newFrameWriter(conn, state, frame),
	}
}

// frameReader reads the bytes of successive binary messages and answers
// control frames between them. A server that writes at the same time would
// need a lock around conn.
type frameReader struct {
	buffered *bufio.Reader
	conn     io.Writer
	state    ws.State
	limit    int64 // of a message

	scratch [ws.MaxHeaderSize]byte
	mask    [4]byte
	left    int64 // of the frame
	at      int   // position in the mask
	message int64 // so far
}

func (r *frameReader) Read(p []byte) (int, error) {
	for r.left == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n, err := r.buffered.Read(p[:min(int64(len(p)), r.left)])
	if r.state.ServerSide() {
		ws.Cipher(p[:n], r.mask, r.at)
		r.at = (r.at + n) % len(r.mask)
	}
	r.left -= int64(n)
	return n, err
}

// next reads one header.
func (r *frameReader) next() error {
	h, err := ws.ReadHeaderBuffer(r.buffered, r.scratch[:])
	if err != nil {
		return err
	}
	if err := ws.CheckHeader(h, r.state); err != nil {
		return err
	}
	if h.OpCode.IsControl() {
		return wsutil.ControlHandler{Src: io.LimitReader(r.buffered, h.Length), Dst: r.conn, State: r.state}.Handle(h)
	}
	if h.OpCode == ws.OpText {
		return errNotBinary
	}
	if h.OpCode == ws.OpBinary {
		r.message = 0
	}
	if h.Length > r.limit-r.message {
		return errTooLarge
	}
	r.message += h.Length
	r.left, r.mask, r.at = h.Length, h.Mask, 0
	r.state = r.state.Set(ws.StateFragmented)
	if h.Fin {
		r.state = r.state.Clear(ws.StateFragmented)
	}
	return nil
}

// frameWriter keeps room for the header before the payload, so that a frame is
// masked in place and written by one call.
type frameWriter struct {
	conn  io.Writer
	state ws.State
	buf   []byte // header, payload
}

func newFrameWriter(conn io.Writer, state ws.State, frame int) *frameWriter {
	return &frameWriter{conn, state, make([]byte, ws.MaxHeaderSize, ws.MaxHeaderSize+frame)}
}

func (w *frameWriter) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n := min(len(p)-written, cap(w.buf)-len(w.buf))
		w.buf = append(w.buf, p[written:written+n]...)
		written += n
		if len(w.buf) == cap(w.buf) {
			if err := w.Flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (w *frameWriter) Flush() error {
	payload := w.buf[ws.MaxHeaderSize:]
	if len(payload) == 0 {
		return nil
	}
	h := ws.Header{Fin: true, OpCode: ws.OpBinary, Length: int64(len(payload))}
	if w.state.ClientSide() {
		h.Masked = true
		rand.Read(h.Mask[:])
		ws.Cipher(payload, h.Mask, 0)
	}
	start := ws.MaxHeaderSize - ws.HeaderSize(h)
	if err := ws.WriteHeader(sliceWriter(w.buf[start:]), h); err != nil {
		return err
	}
	_, err := w.conn.Write(w.buf[start:])
	w.buf = w.buf[:ws.MaxHeaderSize]
	return err
}

// sliceWriter writes over a slice.
type sliceWriter []byte

func (s sliceWriter) Write(p []byte) (int, error) { return copy(s, p), nil }
