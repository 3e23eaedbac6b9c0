// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

const everything = "{alice} push,pull,list,delete ** overwrite"

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{}, everything)
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
	for _, n := range []int{0, 1, 1000, 300 << 10, 5 << 20, 20 << 20} {
		if testing.Short() && n > 1<<20 {
			continue
		}
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
	found, err := listed(c, "a/fi")
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
