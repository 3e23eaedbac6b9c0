// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/websocket"
)

// gorilla carries over github.com/gorilla/websocket: the write buffer of the
// connection is the frame, so that NextWriter gathers, masks and writes in
// place.
func gorilla(frame int) (client, server *stream, err error) {
	upgrader := websocket.Upgrader{ReadBufferSize: frame, WriteBufferSize: frame}
	dialer := websocket.Dialer{ReadBufferSize: frame, WriteBufferSize: frame}
	return overHTTP(
		func(w http.ResponseWriter, r *http.Request) (*stream, error) {
			conn, err := upgrader.Upgrade(w, r, nil)
			return gorillaStream(conn, frame), err
		},
		func(addr string) (*stream, error) {
			conn, _, err := dialer.Dial("ws://"+addr, nil)
			return gorillaStream(conn, frame), err
		})
}

func gorillaStream(conn *websocket.Conn, frame int) *stream {
	if conn == nil {
		return nil
	}
	conn.SetReadLimit(int64(frame))
	return &stream{
		Conn: conn.NetConn(),
		in:   &gorillaReader{conn: conn},
		out:  &gorillaWriter{conn: conn, frame: frame},
	}
}

type gorillaReader struct {
	conn    *websocket.Conn
	message io.Reader
}

func (r *gorillaReader) Read(p []byte) (int, error) {
	for {
		if r.message == nil {
			kind, message, err := r.conn.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errNotBinary
			}
			r.message = message
		}
		n, err := r.message.Read(p)
		if errors.Is(err, io.EOF) {
			r.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// gorillaWriter ends a message when the buffer of the connection is full: one
// byte more would start a second frame.
type gorillaWriter struct {
	conn    *websocket.Conn
	frame   int
	message io.WriteCloser
	held    int
}

func (w *gorillaWriter) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if w.message == nil {
			message, err := w.conn.NextWriter(websocket.BinaryMessage)
			if err != nil {
				return written, err
			}
			w.message = message
		}
		n, err := w.message.Write(p[written:][:min(len(p)-written, w.frame-w.held)])
		w.held += n
		written += n
		if err == nil && w.held == w.frame {
			err = w.Flush()
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (w *gorillaWriter) Flush() error {
	if w.message == nil {
		return nil
	}
	err := w.message.Close()
	w.message, w.held = nil, 0
	return err
}
