// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || linux

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPartialMode(t *testing.T) {
	for mask, fresh := range map[int]fs.FileMode{0o022: 0o644, 0o077: 0o600, 0o027: 0o640, 0: 0o666} {
		umask(t, mask)
		directory := t.TempDir()
		name := filepath.Join(directory, "out")
		for _, mode := range []fs.FileMode{fresh, 0o640, 0o606, 0o400} {
			if mode != fresh {
				put(t, name, old)
				chmod(t, name, mode)
			}
			leave(t, name)
			wantMode(t, filepath.Join(directory, partName), 0o600)
			wantMode(t, filepath.Join(directory, stateName), 0o600)
			p := resume(t, name)
			want(t, p.Begin(4), nil)
			want(t, p.Commit(), nil)
			wantMode(t, name, mode)
			want(t, os.Remove(name), nil)
		}
	}
}

// plant puts something in the place of a file of a partial output.
var plants = map[string]func(t *testing.T, precious, name string){
	"symbolic link":     func(t *testing.T, precious, name string) { symlink(t, precious, name) },
	"dangling link":     func(t *testing.T, precious, name string) { symlink(t, precious+" none", name) },
	"hard link":         func(t *testing.T, precious, name string) { want(t, os.Link(precious, name), nil) },
	"pipe":              func(t *testing.T, _, name string) { want(t, syscall.Mkfifo(name, 0o600), nil) },
	"directory":         func(t *testing.T, _, name string) { want(t, os.Mkdir(name, 0o700), nil) },
	"for the group":     func(t *testing.T, _, name string) { put(t, name, "planted"); chmod(t, name, 0o660) },
	"for everybody":     func(t *testing.T, _, name string) { put(t, name, "planted"); chmod(t, name, 0o604) },
	"somebody's":        func(t *testing.T, _, name string) { put(t, name, "planted"); give(t, name) },
	"nobody may use it": func(t *testing.T, _, name string) { put(t, name, "planted"); give(t, name); chmod(t, name, 0) },
}

// give gives a private file to another user.
func give(t *testing.T, name string) {
	t.Helper()
	chmod(t, name, 0o600)
	if err := os.Chown(name, 12345, -1); err != nil {
		t.Skip(err)
	}
}

// TestPlanted puts links and other files in the place of part and state. Nothing is written
// through them.
func TestPlanted(t *testing.T) {
	for what, plant := range plants {
		for _, base := range []string{partName, stateName} {
			t.Run(what+base, func(t *testing.T) {
				directory := t.TempDir()
				name, precious := filepath.Join(directory, "out"), filepath.Join(directory, "precious")
				put(t, precious, old)
				chmod(t, precious, 0o600)
				leave(t, name)
				planted := filepath.Join(directory, base)
				want(t, os.Remove(planted), nil)
				plant(t, precious, planted)

				p, err := OpenPartial(name, Options{})
				if base == stateName {
					want(t, err, errForeign)
					if !strings.Contains(err.Error(), planted) {
						t.Errorf("the error does not name the file: %v", err)
					}
					want(t, os.RemoveAll(planted), nil)
					p, err = OpenPartial(name, Options{})
				}
				want(t, err, nil)
				wantState(t, p, "", 0)
				want(t, p.Begin(0), nil)
				writePartial(t, p, fresh)
				want(t, p.Save([]byte("state"), 3), nil)
				want(t, p.Commit(), nil)
				wantContent(t, precious, old)
				wantContent(t, name, fresh)
				wantFiles(t, directory, "out", "precious")
			})
		}
	}
}

// TestKilledInCommit finds no part that others may have read, whenever a process was
// killed.
func TestKilledInCommit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	want(t, p.Begin(4), nil)
	want(t, p.Prepare(nil), nil)
	wantMode(t, filepath.Join(filepath.Dir(name), partName), 0o600)
	p.file.Close()
	p.journal.file.Close()
	wantState(t, resume(t, name), "four", 4)
}

// TestPartOfDirectory is not removed when there is something in it.
func TestPartOfDirectory(t *testing.T) {
	directory := t.TempDir()
	precious := filepath.Join(directory, partName, "precious")
	want(t, os.Mkdir(filepath.Dir(precious), 0o755), nil)
	put(t, precious, old)
	if _, err := OpenPartial(filepath.Join(directory, "out"), Options{}); err == nil {
		t.Error("a directory is a part")
	}
	wantContent(t, precious, old)
	wantFiles(t, directory, partName)
}

func TestPartialSymlink(t *testing.T) {
	directory := t.TempDir()
	want(t, os.Mkdir(filepath.Join(directory, "deep"), 0o755), nil)
	target, link := filepath.Join(directory, "deep", "out"), filepath.Join(directory, "link")
	put(t, target, old)
	symlink(t, "deep/out", link)
	leave(t, link)
	p := resume(t, target) // the same output
	wantState(t, p, "four", 4)
	_, err := OpenPartial(link, Options{})
	want(t, err, ErrInUse)
	want(t, p.Begin(4), nil)
	want(t, p.Commit(), nil)
	wantContent(t, target, "the ")
	wantMode(t, link, fs.ModeSymlink|0o777)
	wantFiles(t, filepath.Dir(target), "out")
}

// TestNoPartial has targets that are no regular files.
func TestNoPartial(t *testing.T) {
	directory := t.TempDir()
	pipe, link := filepath.Join(directory, "pipe"), filepath.Join(directory, "link")
	want(t, syscall.Mkfifo(pipe, 0o600), nil)
	symlink(t, os.DevNull, link)
	symlink(t, "none", filepath.Join(directory, "dangling"))
	for name, wanted := range map[string]error{
		os.DevNull: ErrNoPartial, link: ErrNoPartial, pipe: ErrNoPartial, "/dev/stdout": ErrNoPartial, "/dev/fd/3": ErrNoPartial,
		directory: errDirectory, filepath.Join(directory, "dangling"): errDangling,
	} {
		_, err := OpenPartial(name, Options{})
		want(t, err, wanted)
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
	wantFiles(t, directory, "dangling", "link", "pipe")
}

func TestPartialDirectoryUnwritable(t *testing.T) {
	directory := openDirectory(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	chmod(t, name, 0o666)
	chmod(t, directory, 0o555)
	defer os.Chmod(directory, 0o755)
	unprivileged(t)
	for _, base := range []string{"out", "another"} {
		_, err := OpenPartial(filepath.Join(directory, base), Options{})
		wantDirectoryError(t, err, directory, fs.ErrPermission)
	}
	wantFiles(t, directory, "out")
}

// TestLockGoesWithTheName: the lock of a file that was removed does not count.
func TestLockGoesWithTheName(t *testing.T) {
	dir := rootOf(t, t.TempDir())
	first, fresh, err := openLocked(dir, "state")
	want(t, err, nil)
	second, err := openPrivate(dir, "state")
	want(t, err, nil)
	want(t, Lock(second), ErrInUse)
	want(t, dir.Remove("state"), nil)
	want(t, first.Close(), nil)
	want(t, Lock(second), nil)
	if !fresh || stands(dir, "state", second) {
		t.Error("a removed file still has its name")
	}
	third, fresh, err := openLocked(dir, "state")
	want(t, err, nil)
	if !fresh || !stands(dir, "state", third) {
		t.Error("a new file does not have its name")
	}
	if _, _, err := openLocked(dir, "state"); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	third.Close()
	second.Close()
}
