// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestInFolder replaces files in a folder after they were found and before they are
// opened.
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
	found, err := walkIn(f)
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
		names = append(names, objectName("to/", s.out))
		src, err := s.open(nil)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "open "+filepath.Join(dir, "in", s.path)+": ") {
				t.Errorf("%s: %v", s.path, err)
			}
			continue
		}
		content, err := io.ReadAll(src.reader())
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
	if again, err := walkIn(f); err != nil || len(again) != 1 || again[0].path != "same" {
		t.Errorf("found %v then, %v", again, err)
	}
}

// walkIn returns all files in a folder, or the first error.
func walkIn(f *inFolder) (all []found, err error) {
	w := &walker{selectFlags: new(selectFlags), app: &app{grammar: &grammar{Quiet: true}}, visit: func(file found, failed error) {
		all = append(all, file)
		err = failed
	}}
	w.folder(f, "", "in/", "")
	return all, err
}

// TestWalkAll finds each file once, under any names, skips unreadable ones, and follows
// no links in folders.
func TestWalkAll(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"in/sub/file", "in/file", "in/.hidden", "in/.git/file", "other", "in/shut/file"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		writeIn(t, dir, name, []byte(name))
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Symlink("../other", at("in/link")),
		os.Symlink("in", at("linked")),
		os.Symlink("in/file", at("alias")),
		os.Link(at("other"), at("hard")),
		syscall.Mkfifo(at("pipe"), 0o600),
		syscall.Mkfifo(at("in/pipe"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var files, failed []string
	names := []string{"alias", "in", "linked", "in/file", "./other", "other", "hard", "pipe", "none", dir + "/other"}
	w := &walker{selectFlags: new(selectFlags), app: &app{grammar: &grammar{Quiet: true}}, once: true}
	w.visit = func(f found, err error) {
		if err != nil {
			failed = append(failed, f.title())
			return
		}
		files = append(files, fmt.Sprint(f.title(), " ", f.size))
	}
	if err := w.walk(names); err != nil {
		t.Fatal(err)
	}
	want := []string{"alias 7", "in/shut/file 12", "in/sub/file 11", "./other 5", "hard 5", "pipe -1"}
	if !slices.Equal(files, want) || !slices.Equal(failed, []string{"none"}) {
		t.Errorf("found %q, failed %q", files, failed)
	}
}
