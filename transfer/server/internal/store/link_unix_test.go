// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestLinks puts symbolic links wherever a name can lead: none is followed, in or out of
// the store, and none is replaced.
func TestLinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	file := encrypted(t, 1000)
	put(t, filepath.Join(outside, "secret"), file)
	put(t, filepath.Join(dir, "inside", "a"), file)
	link(t, filepath.Join(outside, "secret"), filepath.Join(dir, "file"))
	link(t, "inside/a", filepath.Join(dir, "alias"))
	link(t, outside, filepath.Join(dir, "folder"))
	link(t, "inside", filepath.Join(dir, "same"))
	link(t, "../../../../../../etc", filepath.Join(dir, "inside", "up"))
	link(t, "nothing", filepath.Join(dir, "dangling"))
	link(t, ".", filepath.Join(dir, "loop"))
	s := open(t, dir, Options{})
	wantNames(t, s, "", "inside/a")
	for _, name := range []string{
		"file", "alias", "folder", "folder/secret", "same/a", "inside/up/passwd", "dangling", "loop/inside/a", "loop",
	} {
		_, err := s.Open(named(name))
		wantError(t, err, wire.ErrNotFound)
		_, err = s.Stat(named(name))
		wantError(t, err, wire.ErrNotFound)
		wantError(t, s.Delete(named(name)), wire.ErrNotFound)
		_, err = s.Partial(idOf(alice, name, encrypted(t, 10)), replace)
		wantError(t, err, wire.ErrExists)
	}
	for _, name := range []string{"folder/new", "same/new/new", "loop/new"} {
		_, err := s.Partial(idOf(alice, name, file), replace)
		wantError(t, err, wire.ErrExists)
	}
	wantFiles(t, outside, "secret")
	wantFiles(t, filepath.Join(dir, "inside"), "a", "up")
	if err := s.Rescan(); err != nil {
		t.Error(err)
	}
	wantNames(t, s, "", "inside/a")
	wantUsage(t, s)
}

// TestLinkedPartial has links in place of the files of a partial.
func TestLinkedPartial(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	file := encrypted(t, 1000)
	id := idOf(alice, "a", file)
	s := open(t, dir, Options{})
	p := begin(t, s, id, replace)
	write(t, p, file[:4500])
	closeOK(t, p)
	data, state := filesOf(t, dir, id)
	if err := os.Rename(data, filepath.Join(outside, "data")); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(outside, "data"), data)
	p = begin(t, s, id, replace)
	if p.Durable() != 0 {
		t.Errorf("resumes at %d", p.Durable())
	}
	write(t, p, file[:4200])
	closeOK(t, p)
	if info, err := os.Stat(filepath.Join(outside, "data")); err != nil || info.Size() != 4500 {
		t.Errorf("the file outside: %v", err)
	}

	if err := os.Rename(state, filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	link(t, "state", state)
	if p, err := s.Partial(id, replace); err == nil {
		t.Errorf("resumes at %d", p.Durable())
	}
	// Nor is it removed, since nobody knows what it belongs to.
	if err := s.Rescan(); err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.Collect(-time.Hour); n != 0 || err != nil || !exists(data) || !exists(state) {
		t.Errorf("%d were collected, %v", n, err)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	p = begin(t, s, id, replace)
	write(t, p, file)
	publish(t, p)
	wantObject(t, s, "a", file)
}

// TestSwapped places a link at the name of an object during its push.
func TestSwapped(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	p := begin(t, s, idOf(alice, "x/a", file), replace)
	write(t, p, file)
	link(t, filepath.Join(outside, "a"), filepath.Join(dir, "x/a"))
	_, err := p.Publish()
	wantError(t, err, wire.ErrExists)
	wantFiles(t, outside)

	// And at the name of its folder.
	p = begin(t, s, idOf(alice, "y/a", file), replace)
	write(t, p, file)
	if err := os.Rename(filepath.Join(dir, "y"), filepath.Join(dir, "z")); err != nil {
		t.Fatal(err)
	}
	link(t, outside, filepath.Join(dir, "y"))
	_, err = p.Publish()
	wantError(t, err, errMoved)
	wantFiles(t, outside)
}

func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	s := open(t, dir, Options{})
	wantNames(t, s, "")
	_, err := s.Open(named("pipe")) // must not wait for a writer
	wantError(t, err, wire.ErrNotFound)
	_, err = s.Partial(idOf(alice, "pipe", encrypted(t, 10)), replace)
	wantError(t, err, wire.ErrExists)
}

// TestForeignNames has file names that are invalid for objects and refused by io/fs: the
// other files are still found.
func TestForeignNames(t *testing.T) {
	dir := t.TempDir()
	file := encrypted(t, 10)
	put(t, filepath.Join(dir, "good"), file)
	for _, name := range []string{"\xff", "\xfe/a", `back\slash/a`, "trailing./a", "new\nline"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Skip(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Skip(err)
		}
	}
	s := open(t, dir, Options{})
	wantNames(t, s, "", "good")
	if got := s.Usage(); got.Objects != 1 || got.Bytes != int64(len(file)) {
		t.Errorf("usage %+v", got)
	}
}
