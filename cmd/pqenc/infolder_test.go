// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestInFolder has somebody exchange what is in a folder after the files in it were
// found, and before they are opened.
func TestInFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"in/sub/file", "in/file", "in/pipe", "in/gone", "in/same", "outside/file"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		writeIn(t, dir, name, []byte(name))
	}
	f, err := openInFolder(filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.root.Close()
	found, err := f.walk(&app{grammar: new(grammar)}, "to/")
	if err != nil {
		t.Fatal(err)
	}

	in := func(name string) string { return filepath.Join(dir, "in", name) }
	for _, err := range []error{
		os.Rename(in("sub"), filepath.Join(dir, "away")),
		os.Symlink(filepath.Join(dir, "outside"), in("sub")),
		os.Remove(in("file")),
		os.Symlink("../outside/file", in("file")),
		os.Remove(in("pipe")),
		syscall.Mkfifo(in("pipe"), 0o600),
		os.Remove(in("gone")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	var names []string
	for _, s := range found {
		names = append(names, s.name)
		src, err := f.open(s.path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "open "+filepath.Join(dir, "in", s.path)+": ") {
				t.Errorf("%s: %v", s.path, err)
			}
			continue
		}
		content, err := io.ReadAll(src)
		src.Close()
		if s.path != "same" || string(content) != "in/same" || err != nil {
			t.Errorf("%s holds %q, %v", s.path, content, err)
		}
	}
	want := []string{"to/in/file.pqe", "to/in/gone.pqe", "to/in/pipe.pqe", "to/in/same.pqe", "to/in/sub/file.pqe"}
	if !slices.Equal(names, want) {
		t.Errorf("found %q, want %q", names, want)
	}
	// A walk meets the same.
	if again, err := f.walk(&app{grammar: &grammar{Quiet: true}}, ""); err != nil || len(again) != 1 || again[0].path != "same" {
		t.Errorf("found %v then, %v", again, err)
	}
}
