// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestAnotherPush resumes a partial by another push of what may be the same file. It is
// offered, and belongs to the new one only from Begin on.
func TestAnotherPush(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	first := idOf(alice, "a", file)
	second := first
	second.Push[0]++
	p := begin(t, s, first, replace)
	if !p.Proven() {
		t.Error("a new partial is not that of its push")
	}
	write(t, p, file[:4500])
	closeOK(t, p)

	reopen := func(id ID, proven bool, durable int64) *Partial {
		t.Helper()
		p := begin(t, s, id, replace)
		if p.Proven() != proven || p.Durable() != durable {
			t.Errorf("proven %v, at %d", p.Proven(), p.Durable())
		}
		return p
	}
	p = reopen(second, false, 4500)
	closeOK(t, p) // without a word
	p = reopen(first, true, 4500)
	closeOK(t, p)

	p = reopen(second, false, 4500)
	if err := p.Begin(4499); !errors.Is(err, wire.ErrOrder) {
		t.Errorf("in the middle: %v", err)
	}
	if err := p.Begin(4500); err != nil {
		t.Fatal(err)
	}
	kill(t, s)
	s = open(t, dir, Options{})
	p = reopen(first, false, 4500)
	closeOK(t, p)

	p = reopen(second, true, 4500)
	if err := p.Begin(0); err != nil || p.Written() != 0 || p.Durable() != 0 {
		t.Errorf("from the start: at %d, %v", p.Durable(), err)
	}
	kill(t, s)
	s = open(t, dir, Options{})
	p = reopen(second, true, 0)
	write(t, p, file)
	publish(t, p)
	wantObject(t, s, "a", file)
	wantUsage(t, s)
}

// TestReceipt asks again for the push that was stored last, whatever has become of the
// object.
func TestReceipt(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file, other := encrypted(t, 1000), encrypted(t, 2000)
	id := idOf(alice, "a", file)
	push(t, s, alice, "a", file)
	push(t, s, bob, "a", other)
	for range 2 {
		_, err := s.Partial(id, replace)
		wantError(t, err, ErrStored)
		if err := s.Delete(named("a")); err != nil && !errors.Is(err, wire.ErrNotFound) {
			t.Error(err)
		}
	}
	push(t, s, alice, "a", other)
	if p := begin(t, s, id, replace); p.Durable() != 0 {
		t.Error("an older push is remembered, too")
	}
}
