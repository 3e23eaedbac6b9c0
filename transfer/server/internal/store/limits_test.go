// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"math"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func TestMaxObject(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxObject: 6000})
	file := encrypted(t, 6000-headerSize-16)
	id := idOf(alice, "a", file)
	if id.Length != 6000 {
		t.Fatal(id.Length)
	}
	for _, length := range []int64{6001, 1e18, math.MaxInt64} {
		id.Length = length
		_, err := s.Partial(id, replace)
		wantError(t, err, wire.ErrTooLarge)
	}
	p := begin(t, s, unknown(id), replace)
	write(t, p, file)
	n, err := p.Write([]byte{0})
	if n != 0 || !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("%d, %v", n, err)
	}
	publish(t, p)
}

func TestHugeClaims(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []Options{{}, {MaxTotal: 1 << 40}, {KeepFree: math.MaxInt64}} {
		s := open(t, dir, o)
		for _, length := range []int64{1e18, math.MaxInt64, maxLength} {
			_, err := s.Partial(ID{Client: alice, Name: named("x/y"), Length: length}, replace)
			if !errors.Is(err, wire.ErrTooLarge) && !errors.Is(err, ErrTotal) && !errors.Is(err, wire.ErrNoSpace) {
				t.Errorf("%+v, %d bytes: %v", o, length, err)
			}
		}
		wantFiles(t, dir)
		closeOK(t, s)
	}
}

func TestTotal(t *testing.T) {
	file := encrypted(t, 1000)
	size := int64(len(file))
	dir := t.TempDir()
	s := open(t, dir, Options{MaxTotal: 3*size - 1})
	push(t, s, alice, "a", file)
	p := begin(t, s, idOf(alice, "b", file), replace) // all of it is reserved
	if got := s.Usage(); got.Bytes != size || got.PartialBytes != size {
		t.Errorf("usage %+v", got)
	}
	_, err := s.Partial(idOf(alice, "c", file), replace)
	wantError(t, err, ErrTotal)
	unsure := begin(t, s, unknown(idOf(alice, "c", file)), replace)
	write(t, unsure, file[:size-1])
	n, err := unsure.Write(file[size-1:])
	if n != 0 || !errors.Is(err, ErrTotal) {
		t.Errorf("%d, %v", n, err)
	}
	closeOK(t, p) // the reservation is released
	write(t, unsure, file[size-1:])
	publish(t, unsure)
	_, err = s.Partial(idOf(alice, "b", file), replace)
	wantError(t, err, ErrTotal)
	if err := s.Delete(named("a")); err != nil {
		t.Error(err)
	}
	push(t, s, alice, "b", file)
	wantUsage(t, s)
}

// TestReplacedPartial has no space for two partials: the old one is not counted.
func TestReplacedPartial(t *testing.T) {
	file, other := encrypted(t, 1000), encrypted(t, 1001)
	dir := t.TempDir()
	s := open(t, dir, Options{MaxTotal: int64(len(other))})
	p := begin(t, s, idOf(alice, "a", file), replace)
	write(t, p, file[:len(file)-1])
	closeOK(t, p)
	p = begin(t, s, idOf(alice, "a", file), replace)
	closeOK(t, p)
	push(t, s, alice, "a", other)
	wantUsage(t, s)
}

func TestQuota(t *testing.T) {
	file := encrypted(t, 1000)
	size := int64(len(file))
	dir := t.TempDir()
	s := open(t, dir, Options{})
	b := Bounds{
		Overwrite: true,
		Quota:     2*size + 100,
		Within:    under("lab/"),
	}
	push(t, s, alice, "else", file)
	push(t, s, bob, "lab/a", file)
	p := begin(t, s, idOf(alice, "lab/b", file), b)
	write(t, p, file[:4500])
	_, err := s.Partial(idOf(alice, "lab/c", file), b)
	wantError(t, err, wire.ErrQuota)
	_, err = s.Partial(idOf(alice, "lab/a", encrypted(t, 1000)), b)
	wantError(t, err, wire.ErrQuota) // both would exist at the same time
	closeOK(t, p)

	// After a restart the records name the owners of the partials.
	closeOK(t, s)
	s = open(t, dir, Options{})
	unsure := begin(t, s, unknown(idOf(alice, "lab/c", file)), b)
	write(t, unsure, file[:size+100-4500])
	n, err := unsure.Write(make([]byte, 1))
	if n != 0 || !errors.Is(err, wire.ErrQuota) {
		t.Errorf("%d, %v", n, err)
	}
	closeOK(t, unsure)

	p = begin(t, s, idOf(alice, "lab/b", file), Bounds{Quota: 3*size + 100, Within: b.Within})
	write(t, p, file[4500:])
	publish(t, p)
	_, err = s.Partial(idOf(alice, "new", file), Bounds{Quota: 1})
	wantError(t, err, wire.ErrQuota)
	wantUsage(t, s)
}

// TestWithin asks how much is used while two pushes run. One has announced its length.
func TestWithin(t *testing.T) {
	file := encrypted(t, 1000)
	size := int64(len(file))
	s := open(t, t.TempDir(), Options{})
	want := func(bytes int64) {
		t.Helper()
		for _, scope := range []Scope{nil, under("lab/")} {
			if got, _ := s.Within(scope); got != bytes {
				t.Errorf("%d bytes, want %d", got, bytes)
			}
		}
	}
	begin(t, s, idOf(alice, "lab/a", file), replace)
	p := begin(t, s, unknown(idOf(alice, "lab/b", file)), replace)
	want(size)
	write(t, p, file[:4500])
	want(size + 4500)
	write(t, p, file[4500:])
	want(2 * size)
	publish(t, p)
	want(2 * size)
	if n, _ := s.Within(under("x/")); n != 0 {
		t.Errorf("%d bytes elsewhere", n)
	}
}

func TestKeepFree(t *testing.T) {
	s := open(t, t.TempDir(), Options{KeepFree: 1 << 60})
	if s.Free() < 0 {
		t.Skip("the system does not tell how much is free")
	}
	file := encrypted(t, 1000)
	_, err := s.Partial(idOf(alice, "a", file), replace)
	wantError(t, err, wire.ErrNoSpace)
	_, err = s.Partial(unknown(idOf(alice, "a", file)), replace)
	wantError(t, err, wire.ErrNoSpace)
}

func TestPromised(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	free := s.Free()
	if free < 0 {
		t.Skip("the system does not tell how much is free")
	}
	begin(t, s, ID{Client: alice, Name: named("a"), Length: free / 2}, replace)
	_, err := s.Partial(ID{Client: alice, Name: named("b"), Length: free * 3 / 4}, replace)
	wantError(t, err, wire.ErrNoSpace)
}

// counting contains all names, and counts the calls.
type counting int

func (c *counting) Match(string) bool { *c++; return true }
func (c *counting) Prefix() string    { return "" }

// TestQuotaIsCheap approaches a quota in small steps: not every step walks the whole
// store.
func TestQuotaIsCheap(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 1<<20)
	all := new(counting)
	b := Bounds{Quota: int64(len(file)), Within: all}
	p := begin(t, s, unknown(idOf(alice, "a", file)), b)
	for rest := file; len(rest) > 0; rest = rest[min(1000, len(rest)):] {
		write(t, p, rest[:min(1000, len(rest))])
	}
	if *all > 50 {
		t.Errorf("looked at %d names for %d bytes", *all, len(file))
	}
	if n, err := p.Write([]byte{0}); n != 0 || !errors.Is(err, wire.ErrQuota) {
		t.Errorf("%d, %v", n, err)
	}
	publish(t, p)
}
