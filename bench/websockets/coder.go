// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// coder carries over github.com/coder/websocket: Conn.Write for whole messages,
// Conn.Reader for their bytes. Its buffers are 4 KiB and not to be changed.
func coder(frame int) (client, server *stream, err error) {
	return overHTTP(
		func(w http.ResponseWriter, r *http.Request) (*stream, error) {
			conn, err := websocket.Accept(w, r, nil)
			return coderStream(conn, frame), err
		},
		func(addr string) (*stream, error) {
			conn, _, err := websocket.Dial(context.Background(), "ws://"+addr, nil)
			return coderStream(conn, frame), err
		})
}

func coderStream(conn *websocket.Conn, frame int) *stream {
	if conn == nil {
		return nil
	}
	ctx := context.Background()
	s := &stream{
		Conn: coderConn{websocket.NetConn(ctx, conn, websocket.MessageBinary), conn},
		in:   bufio.NewReaderSize(&coderReader{conn: conn}, frame),
		out: &frames{make([]byte, 0, frame), func(p []byte) error {
			return conn.Write(ctx, websocket.MessageBinary, p)
		}},
	}
	conn.SetReadLimit(int64(frame)) // after NetConn, which lifts it
	return s
}

// coderConn closes at once, without the closing handshake.
type coderConn struct {
	net.Conn
	ws *websocket.Conn
}

func (c coderConn) Close() error { return c.ws.CloseNow() }

type coderReader struct {
	conn    *websocket.Conn
	message io.Reader
}

func (r *coderReader) Read(p []byte) (int, error) {
	for {
		if r.message == nil {
			kind, message, err := r.conn.Reader(context.Background())
			if err != nil {
				return 0, err
			}
			if kind != websocket.MessageBinary {
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
