// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// flags is a folder that records how its files are opened.
type flags struct {
	folder
	seen []int
}

func (f *flags) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	f.seen = append(f.seen, flag)
	return f.folder.OpenFile(name, flag, perm)
}

// TestSweepOpens requires that a sweep opens files for writing, because NFS locks only such
// files, and read-only files for reading.
func TestSweepOpens(t *testing.T) {
	directory := t.TempDir()
	name := filepath.Join(directory, tempName("out"))
	for _, perm := range []fs.FileMode{0o600, 0o444} {
		put(t, name, old)
		want(t, os.Chmod(name, perm), nil)
		dir := &flags{folder: rootOf(t, directory)}
		sweepFile(dir, filepath.Base(name))
		if dir.seen[0]&os.O_RDWR == 0 {
			t.Errorf("mode %v: it was not opened for writing", perm)
		}
		wantFiles(t, directory)
	}
}

// restless is a folder on a file system that gives a file another number each time.
type restless struct{ folder }

func (f restless) Lstat(string) (fs.FileInfo, error) { return os.Lstat(f.Name()) }

// TestRestless: if the name never means the file that was opened, the call ends with an
// error, and nothing is left.
func TestRestless(t *testing.T) {
	directory := t.TempDir()
	dir := restless{rootOf(t, directory)}
	if _, _, err := openNamed(dir, "out", 0o600); !errors.Is(err, errRestless) {
		t.Errorf("error %v", err)
	}
	wantFiles(t, directory)
}
