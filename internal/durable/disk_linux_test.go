// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of 1 MiB.
func smallDisk(t *testing.T) (directory string) {
	t.Helper()
	directory = t.TempDir()
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(directory, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return directory
}

func TestFullDisk(t *testing.T) {
	directory := smallDisk(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	f := create(t, name)
	var err error
	for err == nil {
		_, err = f.Write(make([]byte, 100000))
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "pqenc-tmp") {
		t.Errorf("write: %v", err)
	}
	// A caller who missed the error is told again.
	if err := f.Commit(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit: %v", err)
	}
	wantContent(t, name, old)
	wantFiles(t, directory, "out")

	// There is room again, and only for half of a key.
	if err := WriteNew(filepath.Join(directory, "key"), make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write new: %v", err)
	}
	wantFiles(t, directory, "out")
}

// TestReserve refuses what the disk has no room for, and takes the room for the rest.
func TestReserve(t *testing.T) {
	directory := smallDisk(t)
	name, filler := filepath.Join(directory, "out"), filepath.Join(directory, "filler")
	f := create(t, name)
	want(t, f.Reserve(2<<20), syscall.ENOSPC)
	want(t, f.Commit(), syscall.ENOSPC)
	wantFiles(t, directory)

	f = create(t, name)
	want(t, f.Reserve(0), nil)
	want(t, f.Reserve(500000), nil)
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the filler: %v", err)
	}
	content := strings.Repeat("x", 500000)
	_, err := f.Write([]byte(content))
	want(t, err, nil)
	want(t, f.Commit(), nil)
	wantContent(t, name, content)

	want(t, create(t, "/dev/null").Reserve(2<<20), nil)
}

func TestDevFull(t *testing.T) {
	f := create(t, "/dev/full")
	if _, err := f.Write([]byte(fresh)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %v", err)
	}
	if err := f.Commit(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit: %v", err)
	}
}

// TestPartialOnFullDisk keeps what there was room for, for when there is more.
func TestPartialOnFullDisk(t *testing.T) {
	directory := smallDisk(t)
	name, filler := filepath.Join(directory, "out"), filepath.Join(directory, "filler")
	put(t, name, old)
	put(t, filler, strings.Repeat("x", 300000))
	p := resume(t, name)
	want(t, p.Begin(0), nil)
	for range 2 {
		want(t, p.Save([]byte("state"), 0), nil) // takes the room of both records
	}
	content := strings.Repeat(fresh, 60000)
	n, err := p.Write([]byte(content))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "pqenc-") {
		t.Fatalf("write: %v", err)
	}
	want(t, p.Save([]byte("full"), int64(n)), nil)
	want(t, os.Remove(filler), nil)
	_, err = p.Write([]byte("x")) // what could not be written is missing before it
	want(t, err, syscall.ENOSPC)
	want(t, p.Begin(int64(n)), nil)
	writePartial(t, p, content[n:])
	want(t, p.Commit(), nil)
	wantContent(t, name, content)

	// A caller who missed the error is told again, and nothing is lost.
	leave(t, name)
	p = resume(t, name)
	want(t, p.Begin(4), nil)
	for err = nil; err == nil; {
		_, err = p.Write(make([]byte, 100000))
	}
	want(t, p.Commit(), syscall.ENOSPC)
	wantContent(t, name, content)
	wantNext(t, name, "four", 4)
}
