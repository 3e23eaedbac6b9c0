// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"errors"
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

func TestDevFull(t *testing.T) {
	f := create(t, "/dev/full")
	if _, err := f.Write([]byte(fresh)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %v", err)
	}
	if err := f.Commit(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit: %v", err)
	}
}
