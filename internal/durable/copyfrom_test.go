// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// random makes a file of n bytes, and opens it.
func random(t *testing.T, name string, n int) (file *os.File, content []byte) {
	t.Helper()
	content = make([]byte, n)
	rand.NewChaCha8([32]byte{3}).Read(content)
	put(t, name, string(content))
	file, err := os.Open(name)
	want(t, err, nil)
	t.Cleanup(func() { file.Close() })
	return file, content
}

func TestCopyFrom(t *testing.T) {
	directory := t.TempDir()
	src, content := random(t, filepath.Join(directory, "src"), 3<<20+17)
	for _, test := range []struct{ head, offset int }{
		{0, 0}, {4096, 4096}, {8192, 4096}, {5, 4096}, {4096, 5}, {0, len(content)}, {4096, len(content) - 1},
	} {
		name := filepath.Join(directory, "out")
		put(t, name, old)
		f := create(t, name)
		write(t, f, strings.Repeat("h", test.head))
		told := int64(0)
		_, err := f.CopyFrom(src, int64(test.offset), func(n int64) { told += n })
		want(t, err, nil)
		if told != int64(len(content)-test.offset) {
			t.Errorf("%v: progress is %d bytes", test, told)
		}
		write(t, f, "the end")
		wantContent(t, name, old)
		commit(t, f)
		wantSameBytes(t, name, strings.Repeat("h", test.head)+string(content[test.offset:])+"the end")
		if at, _ := src.Seek(0, 1); at != 0 {
			t.Errorf("%v: the source is read from %d", test, at)
		}
	}
}

func wantSameBytes(t *testing.T, name, content string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != content {
		t.Errorf("%d bytes, %v, not what was written", len(got), err)
	}
}

// TestCopyFromResized has somebody write to the source meanwhile.
func TestCopyFromResized(t *testing.T) {
	directory := t.TempDir()
	name, out := filepath.Join(directory, "src"), filepath.Join(directory, "out")
	put(t, out, old)
	for _, size := range []int64{0, 100, copyStep + 5} {
		src, _ := random(t, name, copyStep+10)
		f := create(t, out)
		first := true
		_, err := f.CopyFrom(src, 0, func(int64) {
			if first {
				want(t, os.Truncate(name, size), nil)
			}
			first = false
		})
		want(t, err, errResized)
		if !strings.Contains(err.Error(), name) {
			t.Error(err)
		}
		want(t, f.Commit(), errResized)
		wantContent(t, out, old)
	}
	src, _ := random(t, name, 100)
	for _, offset := range []int64{-1, 101} {
		f := create(t, out)
		_, err := f.CopyFrom(src, offset, nil)
		want(t, err, errLength)
		want(t, f.Commit(), errLength)
	}
	wantFiles(t, directory, "out", "src")
}

// TestAbortDuringCopyFrom ends it between two steps.
func TestAbortDuringCopyFrom(t *testing.T) {
	directory := t.TempDir()
	src, _ := random(t, filepath.Join(directory, "src"), copyStep+10)
	f := create(t, filepath.Join(directory, "out"))
	_, err := f.CopyFrom(src, 0, func(int64) { want(t, f.Abort(), nil) })
	want(t, err, ErrAborted)
	_, err = f.CopyFrom(src, 0, nil)
	want(t, err, ErrAborted)
	wantFiles(t, directory, "src")
}

// TestCopyPlain is what is left where the system does not help.
func TestCopyPlain(t *testing.T) {
	directory := t.TempDir()
	src, content := random(t, filepath.Join(directory, "src"), 3<<20+17)
	name := filepath.Join(directory, "out")
	f := create(t, name)
	want(t, f.copyPlain(src, int64(len(content)), int64(len(content)-5), func(int64) {}), nil)
	commit(t, f)
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, content[5:]) {
		t.Errorf("%d bytes, %v, not what was written", len(got), err)
	}
}
