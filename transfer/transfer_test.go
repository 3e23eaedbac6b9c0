// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
)

const everything = "{alice} push,pull,list,delete ** overwrite"

func TestPushAndPull(t *testing.T) {
	s := newServer(t, transfer.Limits{}, everything)
	c := s.client("alice")
	for _, n := range []int{0, 1, 1000, 300 << 10, 5 << 20, 40 << 20} {
		file := testkit.Sealed(n)
		if err := c.Push(t.Context(), "a/stream.pqe", bytes.NewReader(file), transfer.PushOptions{Overwrite: true}); err != nil {
			t.Fatal(err)
		}
		if err := c.PushFile(t.Context(), "a/file.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{Overwrite: true}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a/stream.pqe", "a/file.pqe"} {
			var got bytes.Buffer
			if err := c.Pull(t.Context(), name, &got, transfer.PullOptions{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), file) {
				t.Errorf("%s of %d bytes came back as another one of %d", name, len(file), got.Len())
			}
		}
	}
	found, err := c.List(t.Context(), "a/f")
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
