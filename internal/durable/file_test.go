// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

const old, fresh = "the old content\n", "the new content\n"

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rootOf opens a folder for the time of the test.
func rootOf(t *testing.T, directory string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func create(t *testing.T, name string) *File {
	t.Helper()
	atomic := Atomic(name)
	f, err := Create(t.Context(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Abort() })
	if f.Atomic() != atomic {
		t.Errorf("%s was to be atomic: %v, and is: %v", name, atomic, f.Atomic())
	}
	return f
}

func write(t *testing.T, f *File, content string) {
	t.Helper()
	if n, err := f.Write([]byte(content)); n != len(content) || err != nil {
		t.Fatalf("wrote %d bytes, %v", n, err)
	}
}

func commit(t *testing.T, f *File) {
	t.Helper()
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
}

func wantContent(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || string(got) != want {
		t.Errorf("%s: content %q, %v; want %q", filepath.Base(name), got, err, want)
	}
}

// wantFiles checks what is in the directory, temporary files included.
func wantFiles(t *testing.T, directory string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

func TestNewFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f := create(t, name)
	if f.Name() != name || !f.Atomic() {
		t.Errorf("name %q, atomic %v", f.Name(), f.Atomic())
	}
	write(t, f, fresh[:5])
	write(t, f, fresh[5:])
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target is there before Commit: %v", err)
	}
	commit(t, f)
	wantContent(t, name, fresh)
	wantFiles(t, filepath.Dir(name), "out")
}

func TestReplace(t *testing.T) {
	for _, content := range []string{"", fresh, strings.Repeat(fresh, 100000)} {
		name := filepath.Join(t.TempDir(), "out")
		put(t, name, old)
		f := create(t, name)
		write(t, f, content)
		wantContent(t, name, old)
		commit(t, f)
		wantContent(t, name, content)
		wantFiles(t, filepath.Dir(name), "out")
	}
}

func TestRelativeName(t *testing.T) {
	t.Chdir(t.TempDir())
	f := create(t, "out")
	write(t, f, fresh)
	commit(t, f)
	wantContent(t, "out", fresh)
	if err := WriteNew("key", []byte(fresh), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, ".", "key", "out")
}

func TestAbort(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	for _, exists := range []bool{false, true} {
		var files []string
		if exists {
			put(t, name, old)
			files = append(files, "out")
		}
		f := create(t, name)
		write(t, f, fresh)
		for range 2 {
			if err := f.Abort(); err != nil {
				t.Error(err)
			}
			wantFiles(t, filepath.Dir(name), files...)
		}
		if _, err := f.Write([]byte(fresh)); err != ErrAborted {
			t.Errorf("write after abort: %v", err)
		}
		if err := f.Commit(); err != ErrAborted {
			t.Errorf("commit after abort: %v", err)
		}
		wantFiles(t, filepath.Dir(name), files...)
	}
	wantContent(t, name, old)
}

func TestAfterCommit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f := create(t, name)
	write(t, f, fresh)
	commit(t, f)
	if err := f.Abort(); err != nil {
		t.Error(err)
	}
	if _, err := f.Write([]byte(old)); err != errCommitted {
		t.Errorf("write: %v", err)
	}
	if err := f.Commit(); err != errCommitted {
		t.Errorf("commit: %v", err)
	}
	wantContent(t, name, fresh)
}

// TestNoTemporaryName requires that other names are not swept.
func TestNoTemporaryName(t *testing.T) {
	const text = "ABCDEFGHIJKLMNOPQRSTUVW267"
	if name := ".out." + text + ".pqenc-tmp"; !isTemp(name) {
		t.Fatalf("%s is not swept", name)
	}
	for _, name := range []string{
		"", ".pqenc-tmp", "..pqenc-tmp", "." + text + ".pqenc-tmp", "out." + text + ".pqenc-tmp", ".out" + text + ".pqenc-tmp",
		".out." + text, ".out." + text + ".pqenc-tmp2", ".out." + text + ".pqenc-part", ".out." + text[1:] + ".pqenc-tmp",
		".out." + text[1:] + "1.pqenc-tmp", ".out." + text[1:] + "a.pqenc-tmp",
	} {
		if isTemp(name) {
			t.Errorf("%q is swept", name)
		}
	}
}

func TestTemporaryName(t *testing.T) {
	directory := t.TempDir()
	for _, base := range []string{"out", "two words.pqe", strings.Repeat("n", 255), strings.Repeat("ü", 127), "\xff" + strings.Repeat("\x80", 200)} {
		f, err := Create(t.Context(), filepath.Join(directory, base), Options{})
		if err != nil {
			t.Logf("the file system does not take %q: %v", base, err)
			continue
		}
		temp := tempName(base)
		if !isTemp(temp) {
			t.Errorf("%q is not swept", temp)
		}
		if !strings.HasPrefix(temp, ".") || !strings.HasSuffix(temp, ".pqenc-tmp") || len(temp) > 143 {
			t.Errorf("temporary name %q for %q", temp, base)
		}
		if utf8.ValidString(base) && (!utf8.ValidString(temp) || !strings.HasPrefix(temp[1:], base[:min(len(base), 90)])) {
			t.Errorf("temporary name %q for %q", temp, base)
		}
		commit(t, f)
		if _, err := os.Lstat(filepath.Join(directory, base)); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusedNames(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	put(t, file, old)
	slash := string(filepath.Separator)
	for _, name := range []string{
		"", ".", "..", directory, directory + slash, directory + slash + ".",
		filepath.Join(directory, "none") + slash, file + slash, filepath.Join(file, "below"),
	} {
		if f, err := Create(t.Context(), name, Options{}); err == nil {
			t.Errorf("Create(%q) succeeds", name)
			f.Abort()
		}
		if err := WriteNew(name, nil, 0o600); err == nil {
			t.Errorf("WriteNew(%q) succeeds", name)
		}
	}
	wantFiles(t, directory, "file")
	wantContent(t, file, old)
}

func TestMissingDirectory(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "none")
	_, err := Create(t.Context(), filepath.Join(directory, "out"), Options{})
	wantDirectoryError(t, err, directory, fs.ErrNotExist)
	err = WriteNew(filepath.Join(directory, "out"), nil, 0o600)
	wantDirectoryError(t, err, directory, fs.ErrNotExist)
}

// wantDirectoryError checks that err names the directory and not the temporary file.
func wantDirectoryError(t *testing.T, err error, directory string, cause error) {
	t.Helper()
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	} else if !strings.Contains(err.Error(), directory) || strings.Contains(err.Error(), "pqenc-tmp") {
		t.Errorf("error %q does not name just the directory", err)
	}
}

func TestCommitFails(t *testing.T) {
	for _, test := range []struct {
		name     string
		sabotage func(f *File) error
	}{
		{"write", func(f *File) error {
			f.file.Close()
			if _, err := f.Write([]byte("x")); err == nil {
				return errors.New("no error")
			}
			return nil
		}},
		{"sync", func(f *File) error { return f.file.Close() }},
		{"rename", func(f *File) (err error) {
			f.file, f.temp, err = openNamed(f.dir, "out", 0o600)
			return errors.Join(err, f.dir.Remove(f.temp))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "out")
			put(t, name, old)
			f := create(t, name)
			write(t, f, fresh)
			if err := test.sabotage(f); err != nil {
				t.Fatal(err)
			}
			err := f.Commit()
			if err == nil || errors.Is(err, ErrAborted) || strings.Contains(err.Error(), "pqenc-tmp") || !strings.Contains(err.Error(), name) {
				t.Errorf("commit: %v", err)
			}
			if err := f.Commit(); err != ErrAborted {
				t.Errorf("second commit: %v", err)
			}
			if err := f.Abort(); err != nil {
				t.Error(err)
			}
			wantContent(t, name, old)
			wantFiles(t, filepath.Dir(name), "out")
		})
	}
}

// wantKept checks that err names the finished file, which it then removes.
func wantKept(t *testing.T, err error, name, content string) {
	t.Helper()
	var failed *ReplaceError
	if !errors.As(err, &failed) || failed.Name != name || failed.Kept == "" || !strings.Contains(err.Error(), failed.Kept) {
		t.Fatalf("the error does not say what is kept: %v", err)
	}
	if isTemp(filepath.Base(failed.Kept)) {
		t.Errorf("%s would be swept", failed.Kept)
	}
	wantContent(t, failed.Kept, content)
	if info, err := os.Stat(failed.Kept); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Remove(failed.Kept); err != nil {
		t.Error(err)
	}
}

func TestCommitOntoDirectory(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f := create(t, name)
	write(t, f, fresh)
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(name, "precious"), old)
	wantKept(t, f.Commit(), name, fresh)
	wantFiles(t, filepath.Dir(name), "out")
	wantContent(t, filepath.Join(name, "precious"), old)
}

// TestAbortBetweenSteps takes the steps of Commit, with an Abort after each of them.
func TestAbortBetweenSteps(t *testing.T) {
	for steps := range 4 {
		name := filepath.Join(t.TempDir(), "out")
		put(t, name, old)
		f := create(t, name)
		write(t, f, fresh)
		want := old
		var err error
		for i, step := range []func() error{f.begin, f.prepare, f.end} {
			if i == steps {
				if err := f.Abort(); err != nil {
					t.Error(err)
				}
			}
			err = step()
		}
		if steps == 3 {
			f.Abort()
			want = fresh
		}
		if (err == nil) != (want == fresh) || err != nil && err != ErrAborted {
			t.Errorf("abort after %d steps: %v", steps, err)
		}
		wantContent(t, name, want)
		wantFiles(t, filepath.Dir(name), "out")
	}
}

func TestSecondCommitDoesNoHarm(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f := create(t, name)
	write(t, f, fresh)
	if err := f.begin(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != errCommitted {
		t.Errorf("second commit: %v", err)
	}
	if err := errors.Join(f.prepare(), f.end()); err != nil {
		t.Error(err)
	}
	wantContent(t, name, fresh)
}

func TestAbortDuringWrites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	for range 50 {
		f := create(t, name)
		begun := make(chan struct{})
		ended := make(chan error)
		go func() {
			block := make([]byte, 64<<10)
			_, err := f.Write(block)
			close(begun)
			for err == nil {
				_, err = f.Write(block)
			}
			ended <- err
		}()
		<-begun
		if err := f.Abort(); err != nil {
			t.Error(err)
		}
		wantFiles(t, filepath.Dir(name), "out")
		if err := <-ended; err != ErrAborted {
			t.Errorf("write: %v", err)
		}
	}
	wantContent(t, name, old)
}

func TestAbortAgainstCommit(t *testing.T) {
	long(t)
	name := filepath.Join(t.TempDir(), "out")
	content := old
	put(t, name, content)
	for i := range 200 {
		f := create(t, name)
		next := fmt.Sprint("version ", i)
		write(t, f, next)

		var all sync.WaitGroup
		var commitErr error
		start := make(chan struct{})
		all.Go(func() { <-start; commitErr = f.Commit() })
		for range 2 {
			all.Go(func() {
				<-start
				if err := f.Abort(); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()

		switch commitErr {
		case nil:
			content = next
		case ErrAborted:
		default:
			t.Errorf("commit: %v", commitErr)
		}
		wantContent(t, name, content)
		wantFiles(t, filepath.Dir(name), "out")
	}
}

// TestTwoWriters: writers of the same file do not see each other, and the last one wins.
func TestTwoWriters(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	first, second := create(t, name), create(t, name)
	write(t, first, "first")
	write(t, second, "second")
	commit(t, second)
	wantContent(t, name, "second")
	commit(t, first)
	wantContent(t, name, "first")
	wantFiles(t, filepath.Dir(name), "out")
}

func TestInputIsOutput(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := create(t, name)
	if _, err := io.Copy(f, io.MultiReader(bytes.NewReader(content), strings.NewReader(fresh))); err != nil {
		t.Fatal(err)
	}
	commit(t, f)
	wantContent(t, name, old+fresh)
}

func (f *File) begin() error { return f.advance(open, noStep) }
func (f *File) end() error   { return f.advance(committing, f.rename) }
