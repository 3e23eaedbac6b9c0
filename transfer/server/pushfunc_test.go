// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestPushFuncFails has a function that fails.
func TestPushFuncFails(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	broken := errors.New("broken")
	file := testkit.Sealed(10 << 20)
	err := c.PushFunc(t.Context(), "a.pqe", func(w io.Writer) error {
		w.Write(file[:5<<20])
		return broken
	}, transfer.PushOptions{})
	if !errors.Is(err, broken) {
		t.Errorf("a function that fails: %v", err)
	}
	wantNothing(t, c)
}

func wantNothing(t *testing.T, c *transfer.Client) {
	t.Helper()
	if found, err := listed(c, ""); err != nil || len(found) > 0 {
		t.Errorf("there are %v, %v", found, err)
	}
}

// TestPushFuncFailsEarly has a source that fails while its earlier chunks are still being
// encrypted and written.
func TestPushFuncFailsEarly(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	broken := errors.New("broken")
	for range 5 {
		err := c.PushFunc(t.Context(), "a.pqe", func(w io.Writer) error {
			e, err := pqenc.Encrypt(w, testkit.Identity("alice").Public())
			if err != nil {
				return err
			}
			_, err = e.ReadFrom(io.MultiReader(bytes.NewReader(make([]byte, 30<<20)), iotest.ErrReader(broken)))
			return err
		}, transfer.PushOptions{})
		if !errors.Is(err, broken) {
			t.Errorf("a source that fails: %v", err)
		}
	}
	wantNothing(t, c)
}

// TestPushFuncEnds has functions that end unusually, after half of a file.
func TestPushFuncEnds(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	file := testkit.Sealed(100000)
	for name, end := range map[string]func() error{
		"io.EOF":       func() error { return io.EOF },
		"Goexit":       func() error { runtime.Goexit(); return nil },
		"fs.ErrClosed": func() error { return fs.ErrClosed },
	} {
		err := c.PushFunc(t.Context(), "a.pqe", func(w io.Writer) error {
			w.Write(file[:len(file)/2])
			return end()
		}, transfer.PushOptions{})
		if err == nil || errors.Is(err, transfer.ErrGaveUp) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantNothing(t, c)
}

// TestPushFuncGivenUp has a push that fails while its function writes: the write returns
// an error.
func TestPushFuncGivenUp(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, "{alice} push a/**")
	c := s.client("alice")
	for name, want := range map[string]error{"../a.pqe": transfer.ErrName, "b/a.pqe": transfer.ErrDenied} {
		ended := make(chan error, 1)
		err := c.PushFunc(t.Context(), name, func(w io.Writer) error {
			_, err := w.Write(testkit.Sealed(40 << 20))
			ended <- err
			return err
		}, transfer.PushOptions{})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-ended; !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: its function got %v", name, err)
		}
	}
}
