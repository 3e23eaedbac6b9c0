// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// smallDisk mounts a file system of 1 MiB.
func smallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk fills the disk during a push, and frees it again.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := open(t, dir, Options{})
	file := encrypted(t, 900_000)
	id := idOf(alice, "a", file)

	_, err := s.Partial(idOf(alice, "large", encrypted(t, 1_100_000)), replace)
	wantError(t, err, wire.ErrNoSpace)
	wantFiles(t, dir)

	p := begin(t, s, id, replace)
	write(t, p, file[:100_000])
	ballast := filepath.Join(dir, ".ballast")
	put(t, ballast, make([]byte, 500_000))
	_, err = s.Partial(idOf(bob, "a", file), replace)
	wantError(t, err, wire.ErrNoSpace)

	err = nil
	for err == nil {
		before, n := p.Written(), 0
		n, err = p.Write(file[before:][:50_000])
		if p.Written() != before+int64(n) {
			t.Fatalf("%d bytes at %d are %d", n, before, p.Written())
		}
	}
	written := p.Written()
	if !errors.Is(err, wire.ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) || written <= 200_000 || written >= 550_000 {
		t.Errorf("%d bytes written, %v", written, err)
	}
	syncAll(t, p)
	if _, err := p.Write(file[written:]); !errors.Is(err, wire.ErrNoSpace) { // all at once
		t.Error(err)
	}
	written = p.Written()
	closeOK(t, p)
	_, err = s.Partial(id, replace)
	wantError(t, err, wire.ErrNoSpace) // the rest does not fit, and the partial is kept

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p = begin(t, s, id, replace) // there is space for the rest, but not for a second copy
	if p.Durable() != written {
		t.Errorf("resumes at %d, not %d", p.Durable(), written)
	}
	write(t, p, file[written:])
	publish(t, p)
	wantObject(t, s, "a", file)
	wantUsage(t, s)
}

// TestNoInodes cannot create files at all.
func TestNoInodes(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "nr_inodes=4"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := open(t, dir, Options{}) // two: the folder and the lock
	file := encrypted(t, 10)
	for _, name := range []string{"a", "x/a", "x/y/a", "x/y/z/a"} {
		p, err := s.Partial(idOf(alice, name, file), replace)
		if name == "a" && err == nil {
			closeOK(t, p)
			continue
		}
		wantError(t, err, wire.ErrNoSpace)
		wantFiles(t, dir)
		wantUsage(t, s)
	}
}
