// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"errors"
	"net"
)

// plainTCP writes each record as it comes.
func plainTCP(int) (client, server *stream, err error) {
	return overTCP(func(conn net.Conn) *stream { return &stream{Conn: conn, in: conn, out: immediate{conn}} })
}

type immediate struct{ net.Conn }

func (immediate) Flush() error { return nil }

// gatheredTCP is what a WebSocket without cost would be.
func gatheredTCP(frame int) (client, server *stream, err error) {
	return overTCP(func(conn net.Conn) *stream {
		return &stream{Conn: conn, in: bufio.NewReaderSize(conn, frame), out: bufio.NewWriterSize(conn, frame)}
	})
}

func overTCP(wrap func(net.Conn) *stream) (client, server *stream, err error) {
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	a, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	b, err := listener.Accept()
	if err != nil {
		return nil, nil, errors.Join(err, a.Close())
	}
	return wrap(a), wrap(b), nil
}
