// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRemoveDemo keeps what others have put in the folder of a demo, and in its place.
func TestRemoveDemo(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "demo")
	open := func() *os.Root {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		return root
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "model.bin", nil)
	writeIn(t, dir, "mine", nil)
	if err := removeDemo(open(), dir); err == nil {
		t.Error("all is removed")
	}
	if _, err := os.Stat(filepath.Join(dir, "mine")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "model.bin")); err == nil {
		t.Error("a file of the demo stays")
	}

	root := open()
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Skip(err) // Windows renames no folder that is open
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "alice.key", nil)
	if err := removeDemo(root, dir); err == nil {
		t.Error("there is no error")
	}
	if _, err := os.Stat(filepath.Join(dir, "alice.key")); err != nil {
		t.Error(err)
	}

	if err := os.Remove(filepath.Join(dir, "alice.key")); err != nil {
		t.Fatal(err)
	}
	if err := removeDemo(open(), dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); err == nil {
		t.Error("the folder stays")
	}
}
