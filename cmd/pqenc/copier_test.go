// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestPaths tests the names of outputs: decryption restores the names, and two files
// never get the same one.
func TestPaths(t *testing.T) {
	parts := []string{"a", ".pqe", "b.pqe", ".hidden", "ä", "a\xff", "..pqe", "...pqe", "with space", "x.pqe.pqe", "-"}
	outs := make(map[string]string)
	for range 2000 {
		var all []string
		for range 1 + rand.IntN(3) {
			all = append(all, parts[rand.IntN(len(parts))])
		}
		name := strings.Join(all, "/")
		out := sealedPath(name)
		if openedPath(out) != name {
			t.Errorf("%q becomes %q and then %q", name, out, openedPath(out))
		}
		if was, taken := outs[out]; taken && was != name {
			t.Errorf("%q and %q become %q", was, name, out)
		}
		outs[out] = name
		if base := path.Base(openedPath(name)); base == "" || base == "." || base == ".." || base == "/" {
			t.Errorf("%q becomes %q", name, openedPath(name))
		}
	}
}

// TestOutPaths compares the paths of outputs with those of rsync.
func TestOutPaths(t *testing.T) {
	for name, want := range map[string]string{
		"run": "run/", "run/": "", "./run": "run/", ".": "", "./": "", "..": "", "../": "", "../run": "run/", "/": "",
		"/tmp/run": "run/", "/tmp/run//": "", "run/.": "", ".git": ".git/",
	} {
		if got := folderPath(filepath.FromSlash(name)); got != want {
			t.Errorf("folder %s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"run/a": "run/a", "./run//a": "run/a", "../a": "a", "/tmp/x/a": "a", "run/../a": "a", "a": "a"} {
		if got := listedPath(filepath.FromSlash(name)); got != want {
			t.Errorf("listed %s: %q, want %q", name, got, want)
		}
	}
}

// TestGlobs matches names at any depth, and paths.
func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, name   string
		folder, want bool
	}{
		{"*.log", "a/b/c.log", false, true},
		{"*.log", "c.log/d", false, false},
		{"logs", "a/logs", true, true},
		{"logs/", "a/logs", false, false},
		{"logs/", "a/logs", true, true},
		{"a/*.log", "a/c.log", false, true},
		{"a/*.log", "a/b/c.log", false, false},
		{"a/**", "a/b/c.log", false, true},
		{"**/c.log", "a/b/c.log", false, true},
		{"/c.log", "c.log", false, true},
		{"/c.log", "a/c.log", false, false},
		{"*", ".hidden", false, true},
		{`\*`, "*", false, true},
	} {
		if got := matchGlob(c.glob, c.name, c.folder); got != c.want {
			t.Errorf("%s matches %s: %t", c.glob, c.name, got)
		}
	}
}

// TestSameNames has files whose names are equal on some file systems. There neither is
// written; elsewhere both are.
func TestSameNames(t *testing.T) {
	was := sameName
	defer func() { sameName = was }()
	for _, same := range []bool{true, false} {
		dir := t.TempDir()
		for _, name := range []string{"in/Data", "in/data", "in/\u00e9", "in/e\u0301", "in/other"} {
			os.MkdirAll(filepath.Join(dir, "in"), 0o777)
			writeIn(t, dir, name, []byte(name))
		}
		if list, err := os.ReadDir(filepath.Join(dir, "in")); len(list) != 5 || err != nil {
			t.Skip("the names are one here")
		}
		sameName = func(_, one, two string) bool { return same && folded(one) == folded(two) }
		a := newApp()
		a.grammar.Quiet = true
		k := &copier{flags: new(copyFlags), rename: sealedPath, other: func(found) bool { return false }}
		k.manyFiles = manyFiles{several: several{app: a, verb: "encrypted"}}
		if err := k.find(&walker{selectFlags: &k.flags.Select, hidden: true}, []string{filepath.Join(dir, "in")}); err != nil {
			t.Fatal(err)
		}
		if err := k.plan(); err != nil {
			t.Fatal(err)
		}
		left, failed := 5, 0
		if same {
			left, failed = 1, 4
		}
		if len(k.list) != left || k.count[isFailed] != failed {
			t.Errorf("%t: %d are left, %d failed", same, len(k.list), k.count[isFailed])
		}
	}
}

// TestSameName tests the check of the file system.
func TestSameName(t *testing.T) {
	dir := t.TempDir()
	if sameName(filepath.Join(dir, "new", "below"), "sub/a.pqe", "sub/b.pqe") {
		t.Error("two names are one")
	}
	if !sameName(dir, "sub/a.pqe", "sub/a.pqe") {
		t.Error("one name is two")
	}
	if list, err := os.ReadDir(dir); len(list) > 0 || err != nil {
		t.Errorf("left %v, %v", list, err)
	}
}
