// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestWriteNew(t *testing.T) {
	for _, content := range []string{"", fresh} {
		name := filepath.Join(t.TempDir(), "key")
		if err := WriteNew(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		wantContent(t, name, content)
		wantFiles(t, filepath.Dir(name), "key")
	}
}

func TestReplaceSmall(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	for _, content := range []string{old, fresh} {
		if err := Replace(name, []byte(content), Options{Private: true}); err != nil {
			t.Fatal(err)
		}
		wantContent(t, name, content)
		wantFiles(t, filepath.Dir(name), "key")
	}
}

func TestWriteNewNeverReplaces(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	put(t, file, old)
	if err := os.Mkdir(filepath.Join(directory, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"file", "folder"} {
		err := WriteNew(filepath.Join(directory, base), []byte(fresh), 0o600)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", base, err)
		}
	}
	wantFiles(t, directory, "file", "folder")
	wantContent(t, file, old)
}

// racers calls do from several goroutines and returns which one had no error.
// All others must have been told that the name is taken.
func racers(t *testing.T, do func(i int) error) (winner int) {
	var all sync.WaitGroup
	errs := make([]error, 8)
	start := make(chan struct{})
	for i := range errs {
		all.Go(func() { <-start; errs[i] = do(i) })
	}
	close(start)
	all.Wait()
	winner = -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("both %d and %d created the file", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("%d: %v", i, err)
		}
	}
	return winner
}

func TestWriteNewRace(t *testing.T) {
	long(t)
	for range 20 {
		name := filepath.Join(t.TempDir(), "key")
		winner := racers(t, func(i int) error {
			return WriteNew(name, fmt.Append(nil, "key ", i), 0o600)
		})
		wantContent(t, name, fmt.Sprint("key ", winner))
		wantFiles(t, filepath.Dir(name), "key")
	}
}

// TestPlaceNeverReplaces: the steps after the first check of the name must also refuse.
func TestPlaceNeverReplaces(t *testing.T) {
	long(t)
	for what, step := range map[string]func(dir folder, temp, name string) error{
		"place": func(dir folder, temp, name string) error { return place(dir, temp, name, 0o600) },
		"claim": func(dir folder, temp, name string) error { return claim(dir, temp, name, 0o600) },
	} {
		for range 20 {
			directory := t.TempDir()
			dir := rootOf(t, directory)
			temp := func(i int) string { return fmt.Sprint("temp", i) }
			for i := range 8 {
				put(t, filepath.Join(directory, temp(i)), fmt.Sprint("key ", i))
			}
			winner := racers(t, func(i int) error { return step(dir, temp(i), "key") })
			wantContent(t, filepath.Join(directory, "key"), fmt.Sprint("key ", winner))
			if _, err := dir.Lstat(temp(winner)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the temporary file is still there: %v", what, err)
			}
		}
	}
}

func TestClaimCleansUp(t *testing.T) {
	directory := t.TempDir()
	err := claim(rootOf(t, directory), "none", "key", 0o600)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	wantFiles(t, directory)
}
