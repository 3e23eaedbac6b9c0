// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io"
	"net"
	"net/http"
)

// loopback picks a free port.
const loopback = "127.0.0.1:0"

// stream is a byte stream over messages. During the handshake each write is
// sent at once; afterwards it gathers, and the sender flushes.
type stream struct {
	net.Conn // addresses, deadlines, closing
	in       io.Reader
	out      gatherer
	gathers  bool
}

// gatherer sends what was written when it has a whole frame, or is flushed.
type gatherer interface {
	io.Writer
	Flush() error
}

func (s *stream) Read(p []byte) (int, error) { return s.in.Read(p) }

func (s *stream) Write(p []byte) (int, error) {
	n, err := s.out.Write(p)
	if err == nil && !s.gathers {
		err = s.Flush()
	}
	return n, err
}

func (s *stream) Flush() error { return s.out.Flush() }

// frames gathers for libraries that take a whole message.
type frames struct {
	buf  []byte // its capacity is the size of a frame
	send func([]byte) error
}

func (f *frames) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n := min(len(p)-written, cap(f.buf)-len(f.buf))
		f.buf = append(f.buf, p[written:written+n]...)
		written += n
		if len(f.buf) == cap(f.buf) {
			if err := f.Flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (f *frames) Flush() error {
	if len(f.buf) == 0 {
		return nil
	}
	err := f.send(f.buf)
	f.buf = f.buf[:0]
	return err
}

// overHTTP connects through an http.Server whose handler upgrades.
func overHTTP(upgrade func(http.ResponseWriter, *http.Request) (*stream, error), dial func(addr string) (*stream, error)) (client, server *stream, err error) {
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return nil, nil, err
	}
	type result struct {
		stream *stream
		err    error
	}
	upgraded := make(chan result, 1)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := upgrade(w, r)
		upgraded <- result{s, err}
	})}
	go func() { _ = web.Serve(listener) }()
	defer web.Close()
	client, err = dial(listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	accepted := <-upgraded
	if accepted.err != nil {
		return nil, nil, errors.Join(accepted.err, client.Close())
	}
	return client, accepted.stream, nil
}
