// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
)

const everything = "{alice} push,pull,list,delete ** overwrite"

func TestPushAndPull(t *testing.T) {
	s := newServer(t, transfer.Limits{}, everything)
	c := s.client("alice")
	o := transfer.PushOptions{Overwrite: true}
	pushes := map[string]func(name string, file []byte) error{
		"a/stream.pqe": func(name string, file []byte) error { return c.Push(t.Context(), name, bytes.NewReader(file), o) },
		"a/file.pqe": func(name string, file []byte) error {
			return c.PushFile(t.Context(), name, bytes.NewReader(file), int64(len(file)), o)
		},
		"a/func.pqe": func(name string, file []byte) error {
			return c.PushFunc(t.Context(), name, func(w io.Writer) error { _, err := w.Write(file); return err }, o)
		},
	}
	for _, n := range []int{0, 1, 1000, 300 << 10, 5 << 20, 40 << 20} {
		file := testkit.Sealed(n)
		for name, push := range pushes {
			if err := push(name, file); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := c.Pull(t.Context(), name, &got, transfer.PullOptions{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), file) {
				t.Errorf("%s of %d bytes came back as another one of %d", name, len(file), got.Len())
			}
			r := c.Reader(t.Context(), name, transfer.PullOptions{})
			read, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(read, file) {
				t.Errorf("%s of %d bytes was read as another one of %d, %v", name, len(file), len(read), err)
			}
		}
	}
	found, err := c.List(t.Context(), "a/fi")
	if err != nil || len(found) != 1 || found[0].Name != "a/file.pqe" {
		t.Errorf("list: %v, %v", found, err)
	}
	if err := c.Delete(t.Context(), "a/file.pqe"); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), "a/file.pqe"); !errors.Is(err, transfer.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

// TestReader ends readers in all ways: the client can go on with something else
// after each.
func TestReader(t *testing.T) {
	s := newServer(t, transfer.Limits{}, everything)
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
		if _, err := c.List(t.Context(), ""); err != nil {
			t.Errorf("after %s: %v", test.name, err)
		}
	}
}

// TestPushFuncFails has a writer that fails, and one that is given up: what it
// writes from then on is an error.
func TestPushFuncFails(t *testing.T) {
	s := newServer(t, transfer.Limits{}, everything)
	c := s.client("alice")
	broken := errors.New("broken")
	file := testkit.Sealed(40 << 20)
	err := c.PushFunc(t.Context(), "a.pqe", func(w io.Writer) error {
		w.Write(file[:5<<20])
		return broken
	}, transfer.PushOptions{})
	if !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
	ended := make(chan error, 1)
	err = c.PushFunc(t.Context(), "../a.pqe", func(w io.Writer) error {
		_, err := w.Write(file)
		ended <- err
		return err
	}, transfer.PushOptions{})
	if !errors.Is(err, transfer.ErrName) || <-ended == nil {
		t.Errorf("a name that cannot be: %v", err)
	}
	if found, err := c.List(t.Context(), ""); err != nil || len(found) > 0 {
		t.Errorf("there are %v, %v", found, err)
	}
}
