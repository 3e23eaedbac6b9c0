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
	"testing"

	"github.com/pqenc/pqenc/transfer"
)

// foldNames makes folders treat names as equal that differ in case or in the encoding of
// an accent, as on Windows and macOS.
func foldNames(t *testing.T) {
	before := sameName
	sameName = func(_, one, two string) bool { return folded(one) == folded(two) }
	t.Cleanup(func() { sameName = before })
}

// TestPlaceAlike requires that no object replaces another one whose name is equal on the
// file system.
func TestPlaceAlike(t *testing.T) {
	into, err := openFolder(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	place := func(name string) bool {
		_, err := into.place(name)
		return err == nil
	}
	if !place("a/x") || !place("A/x") {
		t.Error("names that are two here are taken for one")
	}
	foldNames(t)
	if !place("b/x") || place("B/X") || !place("\u00e9") || place("e\u0301") || !place("c") {
		t.Error("an object takes the place of another one")
	}
}

// TestExtra tests which files have no object.
func TestExtra(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(writeTree(t, "a", "b/c", "b/d/e", "b/.hidden", ".git/f", "k.key", "nul", "x:y"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("b", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	into, err := openFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	check := func(want string, stands ...string) {
		t.Helper()
		objects := make(map[string]bool)
		for _, name := range stands {
			objects[name] = true
		}
		names, keys, err := into.extra(objects)
		if got := strings.Join(names, " "); got != want || !slices.Equal(keys, []string{"k.key"}) || err != nil {
			t.Errorf("extra are %q, want %q; keys are %q, %v", got, want, keys, err)
		}
	}
	check("a b/c b/d/e")
	check("b/d/e", "a", "b/c", "c")
	check("a b/c b/d/e", "A", "b/C")
	foldNames(t)
	check("b/d/e", "A", "b/C")

	for _, name := range []string{"b/d/e", "b/d/e", "gone/too"} {
		if err := into.remove(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"link", "b"} {
		if err := into.remove(name); err == nil {
			t.Errorf("%s is removed", name)
		}
	}
	// A link in the place of its folder leads to a file that nobody wants removed.
	if err := into.remove("link/c"); err == nil {
		t.Error("a file is removed through a link")
	}
	if _, err := os.Stat(filepath.Join(dir, "b/d")); err == nil {
		t.Error("the empty folder is left")
	}
	if _, err := os.Stat(filepath.Join(dir, "b/c")); err != nil {
		t.Error(err)
	}
}

// writeTree returns a folder with files of the given names.
func writeTree(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		writeIn(t, dir, name, []byte(name))
	}
	return dir
}

// TestColumns prints names as ls does.
func TestColumns(t *testing.T) {
	for _, c := range []struct {
		room        int
		names, want string
	}{
		{20, "a bb ccc d e", "a    ccc  e\nbb   d\n"},
		{13, "a bb ccc d e", "a    ccc  e\nbb   d\n"},
		{12, "a bb ccc d e", "a    d\nbb   e\nccc\n"},
		{1, "a bb", "a\nbb\n"},
		{80, "数 b", "数  b\n"},
		{80, "", ""},
	} {
		var w strings.Builder
		columns(&w, strings.Fields(c.names), c.room)
		if w.String() != c.want {
			t.Errorf("%q in %d columns:\n%s", c.names, c.room, w.String())
		}
	}
}

// TestPatterns tests which names match the patterns in URLs.
func TestPatterns(t *testing.T) {
	for url, want := range map[string]string{ // matches among these names
		"ws://h/a/*.pqe":     "a/x.pqe a/[1].pqe",
		"ws://h/a/?.pqe":     "a/x.pqe",
		"ws://h/**/x.pqe":    "a/x.pqe a/b/x.pqe",
		"ws://h/a/[x1].pqe":  "a/x.pqe",
		"ws://h/a/[[]1].pqe": "a/[1].pqe",
		`ws://h/a/\[1\].pqe`: "a/[1].pqe",
		"ws://h/a/[1].pqe":   "a/[1].pqe",
		"ws://h/a*/":         "a/x.pqe a/b/x.pqe a/[1].pqe",
		"ws://h/a/{b,c}/**":  "a/b/x.pqe",
		"ws://h/a/":          "a/x.pqe a/b/x.pqe a/[1].pqe",
		"ws://h/a":           "",
		"ws://h/":            "a/x.pqe a/b/x.pqe a/[1].pqe z [x",
		"ws://h/z":           "z",
		"ws://h/[x":          "[x",
		"ws://h/[x/":         "",
	} {
		l, err := parseObjects([]string{url})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		var got []string
		for _, name := range []string{"a/x.pqe", "a/b/x.pqe", "a/[1].pqe", "z", "[x"} {
			if l[0].matches(name) {
				if !strings.HasPrefix(name, l[0].literal()) {
					t.Errorf("%s matches %s, and is looked for below %q", url, name, l[0].literal())
				}
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s matches %q", url, got)
		}
	}
	for _, url := range []string{"ws://h/a#b", "ws://h/[*", "ws://h/{a?"} {
		if l, err := parseObjects([]string{url}); err == nil {
			t.Errorf("%s is %v", url, l)
		}
	}
}

// TestGather requires that an endless listing from a hostile server does not exhaust
// memory.
func TestGather(t *testing.T) {
	asked := 0
	endless := func(yield func(transfer.Object, error) bool) {
		for ; asked < 10_000_000 && yield(transfer.Object{Name: fmt.Sprintf("a/%09d.pqe", asked)}, nil); asked++ {
		}
	}
	if found, err := gather(endless, nil); err != errLongList || found != nil || asked > 1_000_000 {
		t.Errorf("%d objects of %d: %v", len(found), asked, err)
	}
	asked = 0
	some := func(name string) bool { return strings.HasSuffix(name, "0000.pqe") }
	if found, err := gather(endless, some); err != nil || len(found) != 1000 {
		t.Errorf("%d objects of %d: %v", len(found), asked, err)
	}
	failing := func(yield func(transfer.Object, error) bool) {
		_ = yield(transfer.Object{Name: "a"}, nil) && yield(transfer.Object{}, io.ErrUnexpectedEOF)
	}
	if found, err := gather(failing, nil); err != io.ErrUnexpectedEOF || found != nil {
		t.Errorf("a part of a list is %v, %v", found, err)
	}
}
