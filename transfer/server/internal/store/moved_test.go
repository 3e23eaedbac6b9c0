// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestOpenWhileReplaced opens an object repeatedly while it is replaced. It always
// exists.
func TestOpenWhileReplaced(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two", "a"} {
		put(t, filepath.Join(dir, name), encrypted(t, 10))
	}
	s := open(t, dir, Options{})
	var done atomic.Bool
	missed := make(chan error)
	go func() {
		var err error
		for !done.Load() && err == nil {
			var o *Object
			if o, err = s.Open(named("a")); err == nil {
				err = o.Close()
			}
		}
		missed <- err
	}()
	for i := range 20000 { // as in Publish, without the waits
		next := filepath.Join(dir, "next")
		if err := os.Link(filepath.Join(dir, []string{"one", "two"}[i%2]), next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	if err := <-missed; err != nil {
		t.Error(err)
	}
}

// TestMovedFolder moves the folder of a push away, and replaces it. The new contents
// stay, and no object is reported as stored.
func TestMovedFolder(t *testing.T) {
	file := encrypted(t, 10)
	for name, replace := range map[string]func(path string) error{
		"nothing": func(string) error { return nil },
		"folder":  func(path string) error { return os.Mkdir(path, 0o700) },
		"file":    func(path string) error { return os.WriteFile(path, file, 0o600) },
		"link":    func(path string) error { return os.Symlink("old", path) },
	} {
		for _, whole := range []bool{false, true} {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			p := begin(t, s, idOf(alice, "a/x", file), Bounds{Overwrite: true})
			write(t, p, file[:100])
			if whole {
				write(t, p, file[100:])
			}
			if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "old")); err != nil {
				t.Skip(err)
			}
			if err := replace(filepath.Join(dir, "a")); err != nil {
				t.Skip(err)
			}
			if whole {
				_, err := p.Publish()
				wantError(t, err, errMoved)
			}
			p.Remove()
			if _, err := os.Lstat(filepath.Join(dir, "a")); err != nil && (name == "file" || name == "link") {
				t.Errorf("the %s is gone: %v", name, err)
			}
			if _, err := s.Open(named("a/x")); err == nil {
				t.Errorf("%s: the object is there", name)
			}
		}
	}
}

// TestExactQuota resumes a push of unknown length that is complete, and then one that is
// not, when the quota has no free byte.
func TestExactQuota(t *testing.T) {
	file, longer := encrypted(t, 10), encrypted(t, 11)
	bounds := Bounds{Quota: int64(len(file))}
	s := open(t, t.TempDir(), Options{})
	p := begin(t, s, unknown(idOf(alice, "a", file)), bounds)
	write(t, p, file)
	closeOK(t, p)
	p = begin(t, s, unknown(idOf(alice, "a", file)), bounds)
	publish(t, p)
	wantObject(t, s, "a", file)

	bounds.Quota *= 2
	p = begin(t, s, unknown(idOf(alice, "b", longer)), bounds)
	write(t, p, longer[:len(file)])
	closeOK(t, p)
	p = begin(t, s, unknown(idOf(alice, "b", longer)), bounds)
	_, err := p.Write(longer[len(file):])
	wantError(t, err, wire.ErrQuota)
	closeOK(t, p)
}

// TestEmptyFolder has the state of a server that was killed while it removed the only
// object of a folder.
func TestEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "a/x", file)
	if err := os.Remove(filepath.Join(dir, "a/x")); err != nil {
		t.Fatal(err)
	}
	kill(t, s)
	s = open(t, dir, Options{})
	if _, _, err := s.Collect(1 << 40); err != nil { // as at each start
		t.Fatal(err)
	}
	push(t, s, alice, "a", file)
	wantObject(t, s, "a", file)
}

// TestRecordAlone has the state of a server that was killed right after it renamed an
// object: nobody waits for that push any more.
func TestRecordAlone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 10)
	p := begin(t, s, idOf(alice, "x", file), replace)
	write(t, p, file)
	syncAll(t, p)
	kill(t, s, p)
	data, _ := filesOf(t, dir, p.id)
	if err := os.Rename(data, filepath.Join(dir, "x")); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	if s.Pending(named("x"), func([sha256.Size]byte) bool { return true }) {
		t.Error("a record without data is pending")
	}
}
