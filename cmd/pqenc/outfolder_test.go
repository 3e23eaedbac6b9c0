// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPlace uses names that a hostile server could choose.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"out/real", "outside"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"away": "../outside", "absolute": filepath.Join(dir, "outside"), "up": "..", "within": "real", "file": "../outside/file",
	} {
		if err := os.Symlink(to, filepath.Join(dir, "out", link)); err != nil {
			t.Fatal(err)
		}
	}
	into, err := openFolder(filepath.Join(dir, "out"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	for name, good := range map[string]bool{
		"a": true, "b/c/d": true, "within/a": true, "real/b": true,
		"": false, ".": false, "..": false, "../a": false, "/a": false, "b/../../a": false, "b//a": false, "b/": false, ".ssh/a": false,
		"away/a": false, "absolute/a": false, "up/a": false, "up/outside/a": false, "file": false, "away": false,
		"a\x00": false, "a\nb": false, `b\a`: false, "nul": false,
	} {
		file, err := into.place(name)
		if good != (err == nil) || good && file != filepath.Join(dir, "out", name) {
			t.Errorf("%q: %q, %v", name, file, err)
		}
	}
	if _, err := into.place("a"); err == nil {
		t.Error("two objects become one file")
	}
	err = filepath.WalkDir(filepath.Join(dir, "outside"), func(name string, d fs.DirEntry, err error) error {
		if name != filepath.Join(dir, "outside") {
			t.Errorf("there is %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInterruptedFolder interrupts a pull before it writes anything: the folders that it
// created are removed.
func TestInterruptedFolder(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	s := startServing(t, dir)
	cmd := exec.Command("pqenc", "pull", "-i", "alice.key", "--follow", "--server", "bob.pub", "ws://"+s.addr+"/a/b.pqe", "-o", "new/sub/")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := await("the folder", func() bool { _, err := os.Stat(filepath.Join(dir, "new/sub")); return err == nil }); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if code, err := exitCode(cmd.Wait()); code != 143 {
		t.Errorf("exit code %d, %v", code, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "new/sub/.*")); len(left) > 0 {
		t.Errorf("left %q, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("the folder is there")
	}
}
