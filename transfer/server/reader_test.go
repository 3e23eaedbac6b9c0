// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"runtime"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestReader ends readers in all ways: the client can then do something else.
func TestReader(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	file := testkit.Sealed(5 << 20)
	if err := c.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	began := errors.New("not to begin")
	for _, test := range []struct {
		name string
		use  func() error
		want error
	}{
		{"not read", func() error { return c.Reader(ctx, "a.pqe", transfer.PullOptions{}).Close() }, nil},
		{"no bytes", func() error {
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{})
			_, err := r.Read(nil)
			return errors.Join(err, r.Close())
		}, nil},
		{"read in part", func() error {
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{})
			_, err := io.ReadFull(r, make([]byte, 1<<20))
			return errors.Join(err, r.Close(), r.Close())
		}, nil},
		{"no object", func() error {
			_, err := io.ReadAll(c.Reader(ctx, "b.pqe", transfer.PullOptions{}))
			return err
		}, transfer.ErrNotFound},
		{"no object, on closing", func() error {
			r := c.Reader(ctx, "b.pqe", transfer.PullOptions{})
			r.Read(make([]byte, 1))
			return r.Close()
		}, transfer.ErrNotFound},
		{"Started fails", func() error {
			_, err := io.ReadAll(c.Reader(ctx, "a.pqe", transfer.PullOptions{Started: func(int64) error { return began }}))
			return err
		}, began},
		{"read after Close", func() error {
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{})
			r.Close()
			_, err := r.Read(make([]byte, 1))
			return err
		}, fs.ErrClosed},
		{"Started fails with what a closed reader gives", func() error {
			closed := func(int64) error { return fs.ErrClosed }
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{Started: closed})
			r.Read(make([]byte, 1))
			return r.Close()
		}, fs.ErrClosed},
		{"Started panics", func() (err error) {
			defer func() { err = recover().(error) }()
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{Started: func(int64) error { panic(began) }})
			r.Read(make([]byte, 1))
			return nil
		}, began},
		{"made on a locked thread", func() error {
			made := make(chan *transfer.Reader)
			go func() {
				runtime.LockOSThread()
				made <- c.Reader(ctx, "a.pqe", transfer.PullOptions{})
			}()
			_, err := io.Copy(io.Discard, <-made)
			return err
		}, nil},
		{"cancelled", func() error {
			r := c.Reader(ctx, "a.pqe", transfer.PullOptions{})
			_, err := io.ReadFull(r, make([]byte, 1<<20))
			cancel()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			return err
		}, context.Canceled},
	} {
		if err := test.use(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if _, err := listed(c, ""); err != nil {
			t.Errorf("after %s: %v", test.name, err)
		}
	}
}

// TestReaderWithoutServer has a listener that accepts a connection and closes it, like a
// tunnel without its other end. That looks like the end of a stream, and must be an
// error.
func TestReaderWithoutServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	c := &transfer.Client{URL: "ws://" + listener.Addr().String(), Identity: testkit.Identity("alice"), CheckServer: is(testkit.Identity("server"))}
	defer c.Close()
	r := c.Reader(t.Context(), "a.pqe", transfer.PullOptions{})
	if b, err := io.ReadAll(r); err == nil {
		t.Errorf("%d bytes are all of it", len(b))
	}
	if err := r.Close(); err == nil {
		t.Error("closed without an error")
	}
	end, cancel := context.WithCancelCause(t.Context())
	cancel(io.EOF)
	if _, err := io.ReadAll(c.Reader(end, "a.pqe", transfer.PullOptions{})); err == nil {
		t.Error("a cause that looks like the end")
	}
}
