// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestMoveToHardLink moves an object to another name of the same file, which was made by
// hand: a rename would do nothing, and the index would lose the old name.
func TestMoveToHardLink(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "one", file)
	if err := os.Link(filepath.Join(dir, "one"), filepath.Join(dir, "two")); err != nil {
		t.Fatal(err)
	}
	if err := s.Rescan(); err != nil {
		t.Fatal(err)
	}
	wantError(t, move(s, "one", "two", replace), wire.ErrExists)
	wantNames(t, s, "", "one", "two")
	wantFiles(t, dir, "one", "two")
	wantUsage(t, s)
}
