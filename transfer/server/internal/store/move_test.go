// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func move(s *Store, from, to string, b Bounds) error {
	_, err := s.Move(named(from), named(to), b)
	return err
}

func TestMove(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	one, two := encrypted(t, 10), encrypted(t, 2000)
	push(t, s, alice, "a/b/one", one)
	push(t, s, bob, "two", two)
	past := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(filepath.Join(dir, "two"), past, past); err != nil {
		t.Fatal(err)
	}
	reader, err := s.Open(named("two"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	wantError(t, move(s, "a/b/one", "c/d/one", Bounds{}), nil)
	wantFiles(t, dir, "c", "c/d", "c/d/one", "two")
	wantError(t, move(s, "two", "c/d/one", Bounds{}), wire.ErrExists)
	wantError(t, move(s, "two", "c/d/one", replace), nil)
	wantFiles(t, dir, "c", "c/d", "c/d/one")
	wantObject(t, s, "c/d/one", two)
	wantNames(t, s, "", "c/d/one")
	if e, err := s.Stat(named("c/d/one")); err != nil || !e.ModTime.Equal(past) {
		t.Errorf("it is of %v, not %v; %v", e.ModTime, past, err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(reader, 0, reader.Size)); err != nil || len(got) != len(two) {
		t.Errorf("who has it open reads %d bytes, %v", len(got), err)
	}
	wantError(t, move(s, "two", "x", replace), wire.ErrNotFound)
	wantError(t, move(s, "none", "none", replace), wire.ErrNotFound)
	wantError(t, move(s, "c/d/one", "c/d/one", Bounds{}), wire.ErrExists)
	wantError(t, move(s, "c/d/one", "c/d/one", replace), nil)
	wantUsage(t, s)
	closeOK(t, s)
	s = open(t, dir, Options{})
	wantNames(t, s, "", "c/d/one")
}

// TestMoveAmongFolders moves to names that are folders, or below an object.
func TestMoveAmongFolders(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "a", file)
	push(t, s, alice, "f/b", file)
	for _, c := range []struct{ from, to string }{
		{"a", "f"}, {"a", "a/b"}, {"f/b", "f"}, {"f/b", "f/b/c"}, {"f/b", "a/b"}, {"f/b", "a/b/c/d"},
	} {
		wantError(t, move(s, c.from, c.to, replace), wire.ErrExists)
	}
	wantFiles(t, dir, "a", "f", "f/b")
	wantUsage(t, s)
	// An empty folder left by a killed server does not matter.
	if err := os.Mkdir(filepath.Join(dir, "e"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantError(t, move(s, "a", "e", Bounds{}), nil)
	wantFiles(t, dir, "e", "f", "f/b")
}

// TestMoveByHand has files that were put into the store by hand.
func TestMoveByHand(t *testing.T) {
	dir := t.TempDir()
	file := encrypted(t, 10)
	put(t, filepath.Join(dir, "text"), []byte("not a pqenc file"))
	put(t, filepath.Join(dir, "f/good"), file)
	s := open(t, dir, Options{})
	wantError(t, move(s, "text", "x", replace), wire.ErrNotPqenc)
	put(t, filepath.Join(dir, "later"), file) // not yet scanned
	wantError(t, move(s, "f/good", "later", Bounds{}), wire.ErrExists)
	wantError(t, move(s, "later", "f/later", Bounds{}), nil)
	wantNames(t, s, "", "f/good", "f/later", "text")
	if err := os.Remove(filepath.Join(dir, "f/later")); err != nil {
		t.Fatal(err)
	}
	wantError(t, move(s, "f/later", "x", Bounds{}), wire.ErrNotFound)
	wantNames(t, s, "", "f/good", "text")
	wantUsage(t, s)
}

// TestMoveWithinQuotas moves from one quota to another.
func TestMoveWithinQuotas(t *testing.T) {
	small, large := encrypted(t, 10), encrypted(t, 50_000)
	dir := t.TempDir()
	s := open(t, dir, Options{MaxObjects: 4, MaxFolders: 2})
	push(t, s, alice, "a/1", small)
	push(t, s, alice, "a/2", large)
	push(t, s, alice, "b/1", large)
	size := int64(len(large))
	bytes := func(n int64) Bounds { return Bounds{Overwrite: true, Quota: n, Within: under("b/")} }
	files := func(n int64) Bounds { return Bounds{Overwrite: true, Files: n, Within: under("b/")} }
	wantError(t, move(s, "a/2", "b/2", bytes(2*size-1)), wire.ErrQuota)
	wantError(t, move(s, "a/2", "b/2", files(1)), wire.ErrQuota)
	wantError(t, move(s, "a/2", "c/d", Bounds{}), ErrTotal) // two folders are full
	wantError(t, move(s, "a/2", "b/c/d", replace), ErrTotal)
	wantFiles(t, dir, "a", "a/1", "a/2", "b", "b/1")
	wantUsage(t, s)
	wantError(t, move(s, "a/2", "b/1", bytes(size)), nil) // in the place of another one
	wantError(t, move(s, "b/1", "b/2", bytes(1)), nil)    // what is too much already does not grow
	wantError(t, move(s, "a/1", "b/1", bytes(1)), wire.ErrQuota)
	wantError(t, move(s, "a/1", "b/1", bytes(size+int64(len(small)))), nil)
	wantFiles(t, dir, "b", "b/1", "b/2")
	if n, files := s.Within(under("b/")); n != size+int64(len(small)) || files != 2 {
		t.Errorf("%d bytes and %d names and folders", n, files)
	}
	wantUsage(t, s)
}

// TestMoveUnderPush moves an object from and to the name of a running push.
func TestMoveUnderPush(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	old, file, other := encrypted(t, 10), encrypted(t, 20), encrypted(t, 30)
	push(t, s, alice, "f/a", old)
	push(t, s, alice, "x", other)
	p := begin(t, s, idOf(bob, "f/a", file), replace)
	write(t, p, file)
	wantError(t, move(s, "f/a", "g/a", Bounds{}), nil)
	late := begin(t, s, idOf(bob, "g/b", file), Bounds{})
	write(t, late, file[:len(file)-1])
	wantError(t, move(s, "x", "g/b", Bounds{}), nil)
	write(t, late, file[len(file)-1:])
	_, err := late.Publish()
	wantError(t, err, wire.ErrExists)
	late.Close()
	publish(t, p)
	wantObject(t, s, "f/a", file)
	wantObject(t, s, "g/a", old)
	wantObject(t, s, "g/b", other)
	wantNames(t, s, "", "f/a", "g/a", "g/b")
	wantUsage(t, s)
}

// TestMoveForgetsReceipts repeats a push, with the same push ID, of an object that was
// moved away, and of one that was replaced by a move. Neither counts as stored under that
// name any more.
func TestMoveForgetsReceipts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file, other := encrypted(t, 10), encrypted(t, 10)
	id := idOf(bob, "a", file)
	again := func() {
		t.Helper()
		p := begin(t, s, id, replace) // not a StoredError
		write(t, p, file[p.Written():])
		publish(t, p)
		wantObject(t, s, "a", file)
	}
	again()
	wantError(t, move(s, "a", "b", Bounds{}), nil)
	put(t, filepath.Join(dir, "a"), other) // of the same size
	again()
	push(t, s, alice, "c", other)
	wantError(t, move(s, "c", "a", replace), nil)
	again()
	wantUsage(t, s)
}

// TestMoveRaces moves two objects while others push, read, delete, list and scan: there
// are never more objects than were pushed, and each is complete.
func TestMoveRaces(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 100)
	names := []string{"a", "b/a", "b/c/a", "d/a"}
	some := func() string { return names[rand.IntN(len(names))] }
	var all sync.WaitGroup
	repeat := func(work func(i int) error) {
		all.Go(func() {
			for i := range 100 {
				if err := work(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	expected := func(err error) error {
		for _, e := range []error{wire.ErrNotFound, wire.ErrExists, wire.ErrChanged, wire.ErrBusy} {
			if errors.Is(err, e) {
				return nil
			}
		}
		return err
	}
	for range 3 {
		repeat(func(i int) error { return expected(move(s, some(), some(), Bounds{Overwrite: i%2 == 0})) })
	}
	for client := range 2 {
		repeat(func(i int) error {
			id := idOf(alice, some(), file)
			id.Client[1], id.Push[0] = byte(client), byte(i)
			_, err := s.Put(id, Bounds{Overwrite: i%3 == 0}, file)
			if errors.Is(err, ErrStored) || errors.Is(err, errMoved) { // its folder was removed, and made again
				return nil
			}
			return expected(err)
		})
	}
	repeat(func(int) error { return expected(s.Delete(named(some()))) })
	repeat(func(int) error {
		o, err := s.Open(named(some()))
		if err != nil {
			return expected(err)
		}
		defer o.Close()
		got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size))
		if err == nil && len(got) != len(file) {
			err = fmt.Errorf("an object of %d bytes", len(got))
		}
		return err
	})
	repeat(func(int) error { list(s, ""); return s.Rescan() })
	all.Wait()
	for _, name := range names {
		if err := s.Delete(named(name)); expected(err) != nil {
			t.Error(err)
		}
	}
	wantNames(t, s, "")
	wantFiles(t, dir)
	wantUsage(t, s)
}
