// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// newOutputs are the ways to begin an output that replaces nothing.
var newOutputs = map[string]func(name string) (interface {
	Write([]byte) (int, error)
	Commit() error
}, error){
	"file": func(name string) (interface {
		Write([]byte) (int, error)
		Commit() error
	}, error) {
		return Create(context.Background(), name, Options{New: true})
	},
	"batch": func(name string) (interface {
		Write([]byte) (int, error)
		Commit() error
	}, error) {
		return new(Batch).Create(name, Options{New: true})
	},
	"partial": func(name string) (interface {
		Write([]byte) (int, error)
		Commit() error
	}, error) {
		p, err := OpenPartial(name, Options{New: true})
		if err == nil {
			err = p.Begin(0)
		}
		return p, err
	},
}

// TestNew replaces nothing: neither what is there at the start nor what comes meanwhile.
func TestNew(t *testing.T) {
	for kind, create := range newOutputs {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "out")
			out, err := create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
			if err := out.Commit(); err != nil {
				t.Fatal(err)
			}
			if _, err := create(name); !errors.Is(err, fs.ErrExist) {
				t.Errorf("the name is taken: %v", err)
			}

			late := filepath.Join(dir, "late")
			if out, err = create(late); err != nil {
				t.Fatal(err)
			}
			out.Write([]byte("new"))
			if err := os.WriteFile(late, []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := out.Commit(); !errors.Is(err, fs.ErrExist) {
				t.Errorf("the name was taken meanwhile: %v", err)
			}
			for file, want := range map[string]string{name: "new", late: "old"} {
				if got, err := os.ReadFile(file); string(got) != want || err != nil {
					t.Errorf("%s has %q, %v", file, got, err)
				}
			}
			if list, err := os.ReadDir(dir); len(list) != 2 || err != nil {
				t.Errorf("left %v, %v", list, err)
			}
		})
	}
}

// TestNewNamed is TestNew for a temporary file with a name.
func TestNewNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	out, err := Create(context.Background(), name, Options{New: true})
	if err != nil {
		t.Fatal(err)
	}
	out.Abort()
	target, err := openTarget(name, name, nil, Options{New: true})
	if err != nil {
		t.Fatal(err)
	}
	target.named = true
	if out, err = target.create(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := out.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the name was taken meanwhile: %v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(name)); len(list) != 1 || err != nil {
		t.Errorf("left %v, %v", list, err)
	}
}

// TestLike keeps permission bits and times, with the nanoseconds.
func TestLike(t *testing.T) {
	dir := t.TempDir()
	like, out := filepath.Join(dir, "like"), filepath.Join(dir, "out")
	if err := os.WriteFile(like, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 789012300, time.UTC) // Windows has units of 100 ns
	if err := os.Chtimes(like, old.Add(time.Hour), old); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(like, 0o640); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(like)
	if err != nil {
		t.Fatal(err)
	}
	f, err := new(Batch).Create(out, Options{Like: want})
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("text"))
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	if !got.ModTime().Equal(want.ModTime()) || got.Mode() != want.Mode() {
		t.Errorf("%v %v, want %v %v", got.Mode(), got.ModTime(), want.Mode(), want.ModTime())
	}
	if runtime.GOOS == "linux" && !accessed(got).Equal(old.Add(time.Hour)) {
		t.Errorf("read at %v", accessed(got))
	}
}
