// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/lxzan/gws"
)

// By default gws pools no buffer that holds a header beside 256 KiB.
func init() { gws.SetBufferThreshold(512 << 10) }

// lxzan carries over github.com/lxzan/gws, which hands over whole messages in
// pooled buffers from a goroutine of its own.
func lxzan(frame int) (client, server *stream, err error) {
	return overHTTP(
		func(w http.ResponseWriter, r *http.Request) (*stream, error) {
			in := newInbox()
			conn, err := gws.NewUpgrader(in, &gws.ServerOption{ReadMaxPayloadSize: frame, ReadBufferSize: frame}).Upgrade(w, r)
			return lxzanStream(conn, in, frame), err
		},
		func(addr string) (*stream, error) {
			in := newInbox()
			conn, _, err := gws.NewClient(in, &gws.ClientOption{Addr: "ws://" + addr, ReadMaxPayloadSize: frame, ReadBufferSize: frame})
			return lxzanStream(conn, in, frame), err
		})
}

func lxzanStream(conn *gws.Conn, in *inbox, frame int) *stream {
	if conn == nil {
		return nil
	}
	go conn.ReadLoop()
	return &stream{
		Conn: conn.NetConn(),
		in:   in,
		out:  &frames{make([]byte, 0, frame), func(p []byte) error { return conn.WriteMessage(gws.OpcodeBinary, p) }},
	}
}

// inbox turns the events of a connection into a byte stream. The events come
// one after another, so one message is held back at most.
type inbox struct {
	gws.BuiltinEventHandler
	messages chan *gws.Message
	closed   chan struct{}
	current  *gws.Message
}

func newInbox() *inbox {
	return &inbox{messages: make(chan *gws.Message), closed: make(chan struct{})}
}

func (b *inbox) OnClose(*gws.Conn, error) { close(b.closed) }

func (b *inbox) OnMessage(_ *gws.Conn, message *gws.Message) {
	select {
	case b.messages <- message:
	case <-b.closed:
	}
}

func (b *inbox) Read(p []byte) (int, error) {
	for {
		if b.current == nil {
			select {
			case b.current = <-b.messages:
			case <-b.closed:
				return 0, io.EOF
			}
			if b.current.Opcode != gws.OpcodeBinary {
				return 0, errNotBinary
			}
		}
		n, err := b.current.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := b.current.Close(); err != nil {
			return n, err
		}
		b.current = nil
	}
}
