// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func TestPush(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "store")
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	p := begin(t, s, idOf(alice, "lab/run/a.pqe", file), Bounds{})
	write(t, p, file[:100])
	if complete, err := p.CheckHeader(); complete || err != nil {
		t.Errorf("header: %t, %v", complete, err)
	}
	write(t, p, file[100:])
	if complete, err := p.CheckHeader(); !complete || err != nil {
		t.Errorf("header: %t, %v", complete, err)
	}
	wantNames(t, s, "")
	wantFiles(t, dir, "lab", "lab/run", "lab/run/HASH.pqenc-part", "lab/run/HASH.pqenc-state")
	publish(t, p)
	wantObject(t, s, "lab/run/a.pqe", file)
	wantFiles(t, dir, "lab", "lab/run", "lab/run/a.pqe")
	wantUsage(t, s)
	for name, want := range map[string]fs.FileMode{"": 0o700, "lab": 0o700, "lab/run/a.pqe": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: mode %v, %v", name, info.Mode(), err)
		}
	}
	closeOK(t, p)
	_, err := p.Write([]byte{0})
	wantError(t, err, fs.ErrClosed)
	_, err = p.Publish()
	wantError(t, err, fs.ErrClosed)
	_, err = p.ReadAt(make([]byte, 1), 0)
	wantError(t, err, fs.ErrClosed)
	wantObject(t, s, "lab/run/a.pqe", file)
}

func TestListAndDelete(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	for _, name := range []string{"b/x", "a", "b/c/y", "b2"} {
		push(t, s, alice, name, file)
	}
	wantNames(t, s, "", "a", "b/c/y", "b/x", "b2")
	wantNames(t, s, "b/", "b/c/y", "b/x")
	wantNames(t, s, "c")

	if e, err := s.Stat(named("b/x")); err != nil || e.Name != "b/x" || e.Size != int64(len(file)) || time.Since(e.ModTime) > time.Hour {
		t.Errorf("stat: %+v, %v", e, err)
	}
	reader, err := s.Open(named("b/c/y"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, name := range []string{"b/c/y", "b2"} {
		if err := s.Delete(named(name)); err != nil {
			t.Error(err)
		}
	}
	wantFiles(t, dir, "a", "b", "b/x")
	if _, err := reader.ReadAt(make([]byte, len(file)), 0); err != nil {
		t.Error("an open object went away:", err)
	}
	for _, name := range []string{"b/c/y", "b", "b/c", "x/y/z", "a/b"} {
		wantError(t, s.Delete(named(name)), wire.ErrNotFound)
		_, err := s.Open(named(name))
		wantError(t, err, wire.ErrNotFound)
		_, err = s.Stat(named(name))
		wantError(t, err, wire.ErrNotFound)
	}
	wantUsage(t, s)
}

func TestDeleteKeepsFoldersInUse(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "a/b", file)
	p := begin(t, s, idOf(alice, "a/c", file), replace)
	if err := s.Delete(named("a/b")); err != nil {
		t.Error(err)
	}
	write(t, p, file)
	publish(t, p)
	wantFiles(t, dir, "a", "a/c")
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	wantError(t, err, ErrLocked)
	closeOK(t, s)
	open(t, dir, Options{})
}

func TestOpenNotAFolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	put(t, name, nil)
	if _, err := Open(name, Options{}); err == nil {
		t.Error("a file is a store")
	}
}

func TestClose(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	p := begin(t, s, idOf(alice, "a", file), replace)
	write(t, p, file[:4500])
	closeOK(t, s)
	_, err := p.Write(file)
	wantError(t, err, fs.ErrClosed)
	s = open(t, dir, Options{})
	if p := begin(t, s, idOf(alice, "a", file), replace); p.Durable() != 4500 {
		t.Errorf("%d bytes are left", p.Durable())
	}
}

func TestRescan(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "gone", file)
	push(t, s, alice, "stays", file)
	p := begin(t, s, idOf(alice, "coming", file), replace)
	write(t, p, file)
	put(t, filepath.Join(dir, "by hand"), file)
	put(t, filepath.Join(dir, "x/by hand"), file)
	put(t, filepath.Join(dir, ".git/config"), file)
	put(t, filepath.Join(dir, "x/.hidden"), file)
	put(t, filepath.Join(dir, "nul"), file)
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	wantNames(t, s, "", "gone", "stays")
	if err := s.Rescan(); err != nil {
		t.Fatal(err)
	}
	wantNames(t, s, "", "by hand", "stays", "x/by hand")
	if got := s.Usage(); got.Objects != 3 || got.Bytes != 3*int64(len(file)) || got.Partials != 1 || got.PartialBytes != int64(len(file)) {
		t.Errorf("usage %+v", got)
	}
	publish(t, p)
	wantUsage(t, s)
}

// TestByHand changes the folder without telling the store.
func TestByHand(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file, other := encrypted(t, 10), encrypted(t, 20)
	push(t, s, alice, "gone", file)
	push(t, s, alice, "replaced", file)
	put(t, filepath.Join(dir, "new"), file)
	put(t, filepath.Join(dir, "replaced"), other)
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	_, err := s.Open(named("gone"))
	wantError(t, err, wire.ErrNotFound)
	wantObject(t, s, "new", file)
	wantObject(t, s, "replaced", other)
	wantNames(t, s, "", "new", "replaced")
	wantUsage(t, s)

	put(t, filepath.Join(dir, "text"), []byte("not a pqenc file"))
	_, err = s.Open(named("text"))
	wantError(t, err, wire.ErrNotPqenc)
	put(t, filepath.Join(dir, "short"), file[:100])
	_, err = s.Open(named("short"))
	wantError(t, err, wire.ErrNotPqenc)
	put(t, filepath.Join(dir, "cut"), file[:len(file)-11])
	_, err = s.Open(named("cut"))
	wantError(t, err, ErrLength)
}

// TestRescanDuring changes files that a running scan has already visited.
func TestRescanDuring(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "old", file)
	kept := begin(t, s, idOf(alice, "kept", file), replace)
	write(t, kept, file[:20])
	found := s.index.beginScan()
	if _, err := s.scan(found); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(named("old")); err != nil {
		t.Fatal(err)
	}
	push(t, s, alice, "new", file)
	closeOK(t, kept)
	s.index = s.index.endScan(found)
	wantNames(t, s, "", "new")
	wantUsage(t, s)
}

func TestCollect(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	for _, name := range []string{"x/y/old", "young", "open"} {
		p := begin(t, s, idOf(alice, name, file), replace)
		write(t, p, file[:4500])
		closeOK(t, p)
	}
	past := time.Now().Add(-time.Hour)
	for _, name := range []string{"x/y/old", "open"} {
		data, state := filesOf(t, dir, idOf(alice, name, file))
		for _, file := range []string{data, state} {
			if err := os.Chtimes(file, past, past); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Halves of partials after a crash, one of either kind.
	data, _ := filesOf(t, dir, idOf(bob, "half", file))
	put(t, data, []byte("half"))
	os.Chtimes(data, past, past)
	_, state := filesOf(t, dir, idOf(bob, "other half", file))
	put(t, state, []byte("half"))
	os.Chtimes(state, past, past)
	closeOK(t, s)
	s = open(t, dir, Options{})
	begin(t, s, idOf(alice, "open", file), replace)

	n, size, err := s.Collect(30 * time.Minute)
	if n != 3 || size != 4504 || err != nil {
		t.Errorf("collected %d with %d bytes, %v", n, size, err)
	}
	wantFiles(t, dir, "HASH.pqenc-part", "HASH.pqenc-state", "HASH.pqenc-part", "HASH.pqenc-state")
	if n, _, err := s.Collect(30 * time.Minute); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if p := begin(t, s, idOf(alice, "young", file), replace); p.Durable() != 4500 {
		t.Error("a young partial lost something")
	}
}

func TestHiddenFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	p := begin(t, s, idOf(alice, "a", file), replace)
	write(t, p, file)
	stem := stemOf(alice, "a")
	for _, name := range []string{stem + durable.PartSuffix, stem + durable.JournalSuffix, lockName} {
		_, err := wire.ParseName(name)
		wantError(t, err, wire.ErrName)
	}
	if err := s.Rescan(); err != nil {
		t.Error(err)
	}
	wantNames(t, s, "")
	wantNames(t, s, ".")
}

func TestReadAt(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 10)
	p := begin(t, s, idOf(alice, "a", file), replace)
	write(t, p, file[:100])
	b := make([]byte, 100)
	for _, c := range []struct {
		off  int64
		size int
		n    int
		err  error
	}{
		{0, 100, 100, nil}, {99, 1, 1, nil}, {50, 100, 50, io.EOF}, {100, 1, 0, io.EOF}, {1 << 40, 1, 0, io.EOF},
		{-1, 1, 0, fs.ErrInvalid},
	} {
		n, err := p.ReadAt(b[:c.size], c.off)
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("%d bytes at %d: %d, %v", c.size, c.off, n, err)
		}
		if n > 0 && string(b[:n]) != string(file[c.off:][:n]) {
			t.Errorf("%d bytes at %d: wrong", c.size, c.off)
		}
	}
}
