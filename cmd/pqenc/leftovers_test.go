// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer"
)

// newPart returns an output of that name with 1 MiB, which is kept if it is marked.
func newPart(t *testing.T, name string, marked bool) *durable.Partial {
	t.Helper()
	part, err := durable.OpenPartial(name, durable.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { part.Close() })
	if err := part.Begin(0); err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if !marked {
		return part
	}
	if err := part.Save([]byte("state"), 1<<20); err != nil {
		t.Fatal(err)
	}
	return part
}

// TestKept requires that an error names what is kept.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	part := newPart(t, filepath.Join(dir, "out"), true)
	part.Close()
	kept := "1 MiB are kept in " + dir + "/.out.pqenc-part: run the same command again to resume, or delete " + dir + "/.out.pqenc-*"
	kept = filepath.FromSlash(kept)
	code, hints := codeOf(resumable(part, in("out", syscall.ENOSPC)))
	if want := "free some space, or write to another disk with -o; " + kept; code != exitIO || strings.Join(hints, "; ") != want {
		t.Errorf("a full disk: exit code %d, %q, want %q", code, hints, want)
	}
	code, hints = codeOf(resumable(part, transfer.ErrGaveUp))
	if code != exitConnection || strings.Join(hints, "; ") != kept {
		t.Errorf("a lost connection: exit code %d, %q, want %q", code, hints, kept)
	}
	if err := resumable(part, nil); err != nil {
		t.Error(err)
	}
	none := newPart(t, filepath.Join(dir, "none"), false)
	none.Close()
	if err := errors.New("some"); resumable(none, err) != err {
		t.Error("nothing is kept, and something is said of it")
	}
}

// TestLeftovers tests the line on interrupted commands over several files.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	var parts []*durable.Partial
	for _, name := range []string{"c", "a", "b", "none"} {
		part := newPart(t, filepath.Join(dir, name), name != "none")
		part.Abandon()
		parts = append(parts, part)
	}
	fresh := &several{verb: "pulled", total: 9}
	done := &several{verb: "pulled", total: 9}
	done.count[isDone], done.count[isFailed], done.count[isThere], done.count[isSkipped] = 2, 1, 3, 1
	all := &several{verb: "rewrapped", total: 2}
	all.count[isDone], all.count[isUnchanged] = 1, 1
	sends := []*transferProgress{{title: "b", resumes: true, at: 1 << 20}, {title: "a", resumes: true, at: 1 << 20}, {title: "c", at: 1 << 30}, {title: "d", resumes: true}}
	for want, l := range map[string]leftovers{
		"":                      {},
		": nothing was changed": {asked: true},
		": 0 of 9 files pulled: run the same command again for the rest":                                                                {work: fresh},
		": 2 of 8 files pulled, 3 already there, 1 failed: run the same command again with --skip-existing for the rest":                {work: done},
		": 0 of 9 files pulled; 3 MiB are kept in DIR/.a.pqenc-part and 2 others: run the same command again to resume, or delete them": {work: fresh, parts: parts},
		": 0 of 9 files pulled; the server keeps 2 MiB of a and 1 other for a while: run the same command again to resume":              {work: fresh, pushes: sends},
		": 1 of 2 files rewrapped, 1 up to date": {work: all},
		": d was not pushed":                     {pushes: sends[3:]},
	} {
		if got := strings.ReplaceAll(filepath.ToSlash(l.text()), filepath.ToSlash(dir), "DIR"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
