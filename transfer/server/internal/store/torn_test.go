// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestTornObject has a file whose header is being replaced. It is neither served, nor
// treated as missing, nor changed; after a repair it is an object.
func TestTornObject(t *testing.T) {
	dir := t.TempDir()
	whole := testkit.Sealed(100)
	other := testkit.HeaderFor(whole, "bob")
	name, spare := filepath.Join(dir, "a", "torn.pqe"), filepath.Join(dir, "a", "spare")
	put(t, name, whole)
	put(t, spare, whole)
	log := testkit.RedoLog(whole[:headerSize], other)
	put(t, filepath.Join(dir, "a", ".torn.pqe.pqenc-redo"), log)
	put(t, filepath.Join(dir, "a", ".spare.pqenc-redo"), nil)

	torn := slices.Clone(whole)
	copy(torn[512:1024], other[512:])
	put(t, name, torn)
	s := open(t, dir, Options{})
	_, err := s.Open(named("a/torn.pqe"))
	wantError(t, err, ErrTorn)
	wantError(t, err, wire.ErrNotPqenc)
	wantError(t, move(s, "a/torn.pqe", "b", replace), ErrTorn) // useless without its log
	wantNames(t, s, "", "a/spare", "a/torn.pqe")
	if got := s.Torn(); !slices.Equal(got, []string{"a/torn.pqe"}) {
		t.Errorf("torn: %q", got)
	}
	if _, err := durable.RepairHead(name, format.SameFile, nil); err != nil {
		t.Fatal(err)
	}
	wantObject(t, s, "a/torn.pqe", slices.Concat(other, whole[headerSize:]))
	if got := s.Torn(); got != nil {
		t.Errorf("torn: %q", got)
	}
}
