// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func putOK(t *testing.T, s *Store, id ID, file []byte) {
	t.Helper()
	if n, err := s.Put(id, replace, file); n != int64(len(file)) || err != nil {
		t.Errorf("put: %d bytes, %v", n, err)
	}
}

func wantStored(t *testing.T, err error, size int) {
	t.Helper()
	var stored *StoredError
	if !errors.As(err, &stored) || stored.Size != int64(size) {
		t.Errorf("not stored already: %v", err)
	}
}

// TestPut stores an object in one call, again, and over another one.
func TestPut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file, other := encrypted(t, 1000), encrypted(t, 2000)
	id := ID{Client: alice, Name: named("a/b"), Push: [16]byte{1}}
	putOK(t, s, id, file)
	wantObject(t, s, "a/b", file)
	wantFiles(t, dir, "a", "a/b")
	wantUsage(t, s)

	_, err := s.Put(id, Bounds{}, file)
	wantStored(t, err, len(file))
	id.Push[0]++
	_, err = s.Put(id, Bounds{}, file)
	wantError(t, err, wire.ErrExists)
	_, err = s.Put(id, Bounds{}, other)
	wantError(t, err, wire.ErrExists)
	wantObject(t, s, "a/b", file)
	putOK(t, s, id, other)
	wantObject(t, s, "a/b", other)
	wantUsage(t, s)

	// A push, and a receipt that a push finds.
	_, err = s.Partial(ID{Client: alice, Name: id.Name, Push: id.Push, Digest: idOf(alice, "a/b", other).Digest, Length: -1}, replace)
	wantStored(t, err, len(other))
	push(t, s, alice, "a/b", file)
	_, err = s.Put(id, Bounds{}, other)
	wantError(t, err, wire.ErrExists) // the push was the last one
	putOK(t, s, id, other)
	wantError(t, s.Delete(named("a/b")), nil)
	wantFiles(t, dir)
	closeOK(t, s)
}

// TestPutRemembers repeats a put after a restart.
func TestPutRemembers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	id := ID{Client: alice, Name: named("a"), Push: [16]byte{1}}
	putOK(t, s, id, file)
	kill(t, s)
	s = open(t, dir, Options{})
	_, err := s.Put(id, Bounds{}, file)
	wantStored(t, err, len(file))

	// The receipt exists, but the object was replaced by hand with one of the same header
	// and length.
	changed := append([]byte(nil), file...)
	changed[len(changed)-1] ^= 1
	put(t, filepath.Join(dir, "a"), changed)
	_, err = s.Put(id, Bounds{}, file)
	wantError(t, err, wire.ErrExists)
	putOK(t, s, id, file)
	wantObject(t, s, "a", file)
}

// TestPutOverPartial replaces a partial of the same client, but not of others.
func TestPutOverPartial(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	large, file := encrypted(t, 1<<20), encrypted(t, 1000)
	for _, client := range []byte{1, 2} {
		id := idOf([32]byte{client}, "a", large)
		p := begin(t, s, id, replace)
		write(t, p, large[:500_000])
		syncAll(t, p)
		closeOK(t, p)
	}
	id := ID{Client: alice, Name: named("a"), Push: [16]byte{9}}
	putOK(t, s, id, file)
	wantObject(t, s, "a", file)
	wantFiles(t, dir, "HASH"+durable.JournalSuffix, "HASH"+durable.PartSuffix, "a")
	wantUsage(t, s)
	p := begin(t, s, idOf(bob, "a", large), replace)
	if p.Durable() != 500_000 {
		t.Errorf("of bob's push there are %d bytes", p.Durable())
	}
	_, err := s.Put(ID{Client: bob, Name: named("a")}, replace, file)
	wantError(t, err, wire.ErrBusy)
}

// TestPutRefused refuses invalid and too large objects, and removes the partial of an
// earlier push.
func TestPutRefused(t *testing.T) {
	file := encrypted(t, 1000)
	for what, test := range map[string]struct {
		options Options
		bounds  Bounds
		file    []byte
		want    error
		keeps   bool // the partial
	}{
		"empty":       {want: wire.ErrNotPqenc},
		"no header":   {file: []byte("plain text that is longer than a prefix"), want: wire.ErrNotPqenc},
		"in header":   {file: file[:2000], want: wire.ErrNotPqenc},
		"cut":         {file: file[:len(file)-1001], want: ErrLength},
		"header only": {file: file[:headerSize], want: ErrLength},
		"too large":   {Options{MaxObject: 5000}, replace, file, wire.ErrTooLarge, false},
		"quota":       {Options{}, Bounds{Quota: 5000}, file, wire.ErrQuota, false},
		"total":       {Options{MaxTotal: 5000}, replace, file, ErrTotal, true},
		"new files":   {Options{}, Bounds{Files: 1, Within: under("b/")}, file, wire.ErrQuota, true},
		"new names":   {Options{MaxObjects: 1}, replace, file, ErrTotal, true},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			large := encrypted(t, 100_000)
			s := open(t, dir, Options{})
			p := begin(t, s, idOf(alice, "b/a", large), replace)
			write(t, p, large[:4200])
			closeOK(t, p)
			put(t, filepath.Join(dir, "b/other"), file[:10])
			closeOK(t, s)

			s = open(t, dir, test.options)
			name := "b/a"
			if strings.HasPrefix(what, "new ") {
				name = "b/new"
			}
			_, err := s.Put(ID{Client: alice, Name: named(name)}, test.bounds, test.file)
			wantError(t, err, test.want)
			if test.keeps {
				wantFiles(t, dir, "b", "b/HASH"+durable.JournalSuffix, "b/HASH"+durable.PartSuffix, "b/other")
			} else {
				wantFiles(t, dir, "b", "b/other")
			}
			wantUsage(t, s)
		})
	}
}

// TestPutManyAtOnce stores many objects concurrently, while others are deleted and
// scanned.
func TestPutManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 100)
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 20 {
				id := ID{Client: alice, Name: named(fmt.Sprintf("x/%d/%d", i%3, worker)), Push: [16]byte{byte(worker), byte(i)}}
				_, err := s.Put(id, replace, file)
				for errors.Is(err, wire.ErrBusy) { // a receipt is being removed
					_, err = s.Put(id, replace, file)
				}
				if err != nil {
					t.Error(err)
				}
				if i%5 == 4 {
					wantError(t, s.Delete(id.Name), nil)
				}
			}
		})
	}
	all.Go(func() { wantError(t, s.Rescan(), nil) })
	all.Wait()
	if len(list(s, "x/")) == 0 {
		t.Error("no objects are left")
	}
	for _, e := range list(s, "") {
		wantObject(t, s, e.Name, file)
	}
	wantUsage(t, s)
	if n, _, err := s.Collect(time.Hour); n != 0 || err != nil {
		t.Errorf("%d partials, %v", n, err)
	}
}

// TestPutNoPlace has a folder at the name of the object.
func TestPutNoPlace(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 100)
	put(t, filepath.Join(dir, "a/b"), file)
	_, err := s.Put(ID{Client: alice, Name: named("a")}, replace, file)
	wantError(t, err, wire.ErrExists)
	_, err = s.Put(ID{Client: alice, Name: named("a/b/c")}, replace, file)
	wantError(t, err, wire.ErrExists)
	wantFiles(t, dir, "a", "a/b")
	wantError(t, os.Remove(filepath.Join(dir, "a/b")), nil)
	putOK(t, s, ID{Client: alice, Name: named("a")}, file) // an empty folder does not matter
	wantObject(t, s, "a", file)
}

// TestFirmFolders checks which folders count as durable: those of an object, until they
// are removed, recreated, or checked again.
func TestFirmFolders(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 100)
	want := func(names ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(s.firm)); !slices.Equal(got, names) {
			t.Errorf("durable are %q, not %q", got, names)
		}
	}
	want()
	putOK(t, s, ID{Client: alice, Name: named("a/b/1")}, file)
	want("a", "a/b")
	push(t, s, alice, "a/c/2", file)
	want("a", "a/b", "a/c")
	wantError(t, s.Delete(named("a/b/1")), nil)
	want("a", "a/c")
	if err := os.RemoveAll(filepath.Join(s.root.Name(), "a")); err != nil {
		t.Fatal(err)
	}
	p, err := s.open(idOf(bob, "a/c/3", file), replace, (*Partial).openFile)
	wantError(t, err, nil)
	want() // they were recreated
	wantError(t, s.syncUp("a/c/3"), nil)
	want("a", "a/c")
	closeOK(t, p)
	wantError(t, s.Rescan(), nil)
	want()
}
