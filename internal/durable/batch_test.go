// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

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

// openOld opens a file to be replaced, for the time of the test.
func openOld(t *testing.T, name string) *os.File {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// over begins the output that replaces a file.
func over(t *testing.T, b *Batch, file *os.File, folder *os.Root, name string) *File {
	t.Helper()
	f, err := b.CreateOver(file, folder, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Abort() })
	return f
}

func TestBatch(t *testing.T) {
	directory := t.TempDir()
	var b Batch
	if err := os.Mkdir(filepath.Join(directory, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	root := rootOf(t, directory)
	for i, folder := range []*os.Root{nil, root} {
		for _, base := range []string{"one", "two", "sub/three"} {
			name := filepath.Join(directory, base)
			put(t, name, old)
			chmod(t, name, 0o640)
			file := openOld(t, name)
			given := name
			if folder != nil {
				given = base
			}
			f := over(t, &b, file, folder, given)
			if f.Name() != name {
				t.Errorf("the output is called %s", f.Name())
			}
			write(t, f, fmt.Sprint(fresh, i))
			wantContent(t, name, old)
			commit(t, f)
			wantContent(t, name, fmt.Sprint(fresh, i))
			wantMode(t, name, 0o640)
		}
	}
	if len(b.renew) != 2 {
		t.Errorf("%d folders are to be synced, want 2", len(b.renew))
	}
	for range 2 {
		if err := b.Sync(); err != nil || len(b.renew) > 0 {
			t.Errorf("%v, %d folders are left", err, len(b.renew))
		}
	}
	wantFiles(t, directory, "one", "sub", "two")
	wantFiles(t, filepath.Join(directory, "sub"), "three")
}

// TestBatchManyFolders does not keep all of them open.
func TestBatchManyFolders(t *testing.T) {
	directory := t.TempDir()
	var b Batch
	for i := range 3 * maxRenew {
		name := filepath.Join(directory, fmt.Sprint(i), "file")
		if err := os.Mkdir(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, name, old)
		f := over(t, &b, openOld(t, name), nil, name)
		write(t, f, fresh)
		commit(t, f)
		wantContent(t, name, fresh)
		if len(b.renew) > maxRenew {
			t.Fatalf("%d folders are open", len(b.renew))
		}
	}
	if err := b.Sync(); err != nil {
		t.Error(err)
	}
}

// TestOverRefused leaves alone what is not the file that was opened, what somebody else
// is replacing, and what nobody may write to.
func TestOverRefused(t *testing.T) {
	directory := t.TempDir()
	at := func(name string) string { return filepath.Join(directory, name) }
	var b Batch
	for _, name := range []string{"changed", "gone", "locked", "read-only", "other"} {
		put(t, at(name), old)
	}
	files := make(map[string]*os.File)
	for _, name := range []string{"changed", "gone", "locked", "read-only"} {
		files[name] = openOld(t, at(name))
	}
	for _, err := range []error{
		os.Rename(at("other"), at("changed")),
		os.Remove(at("gone")),
		os.Chmod(at("read-only"), 0o444),
		Lock(openOld(t, at("locked"))),
		os.Symlink("read-only", at("link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]error{
		"changed": ErrChanged, "gone": ErrChanged, "locked": ErrInUse, "read-only": fs.ErrPermission,
	} {
		for _, folder := range []*os.Root{nil, rootOf(t, directory)} {
			given := at(name)
			if folder != nil {
				given = name
			}
			f, err := b.CreateOver(files[name], folder, given)
			if f != nil || !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
	wantFiles(t, directory, "changed", "link", "locked", "read-only")
}

// TestOverLinks replaces the file that a link leads to, and follows none in a folder.
func TestOverLinks(t *testing.T) {
	directory, outside := t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(directory, name) }
	put(t, at("file"), old)
	put(t, filepath.Join(outside, "file"), old)
	symlink(t, "file", at("link"))
	symlink(t, outside, at("sub"))
	var b Batch
	f := over(t, &b, openOld(t, at("link")), nil, at("link"))
	write(t, f, fresh)
	commit(t, f)
	wantContent(t, at("file"), fresh)
	if info, err := os.Lstat(at("link")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link is gone:", err)
	}

	root := rootOf(t, directory)
	if f, err := b.CreateOver(openOld(t, at("link")), root, "link"); !errors.Is(err, ErrChanged) {
		t.Error("a link in a folder:", f, err)
	}
	if f, err := b.CreateOver(openOld(t, at("sub/file")), root, "sub/file"); err == nil {
		t.Error("a file out of the folder:", f)
	}
	wantContent(t, filepath.Join(outside, "file"), old)
}

// TestOverChangedLater has another file come in the place of the one that is replaced.
func TestOverChangedLater(t *testing.T) {
	directory := t.TempDir()
	name := filepath.Join(directory, "file")
	put(t, name, old)
	var b Batch
	f := over(t, &b, openOld(t, name), nil, name)
	write(t, f, fresh)
	put(t, name+"2", "another\n")
	if err := os.Rename(name+"2", name); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	wantContent(t, name, "another\n")
	wantFiles(t, directory, "file")
}

// noRename is a folder that lets nothing be renamed any more.
type noRename struct{ folder }

func (noRename) Rename(string, string) error { return fs.ErrPermission }

// TestOverNotRenamed leaves no second copy beside the file, which stands.
func TestOverNotRenamed(t *testing.T) {
	directory := t.TempDir()
	name := filepath.Join(directory, "file")
	put(t, name, old)
	var b Batch
	f := over(t, &b, openOld(t, name), nil, name)
	write(t, f, fresh)
	f.dir = noRename{f.dir}
	if err := f.Commit(); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	wantContent(t, name, old)
	wantFiles(t, directory, "file")
}

// TestOverAtOnce has many try to replace one file: none undoes what another has done
// since it looked.
func TestOverAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	put(t, name, "")
	var b Batch
	var all sync.WaitGroup
	done := make(chan string, 8)
	for i := range cap(done) {
		all.Go(func() {
			for {
				err := appendTo(&b, name, fmt.Sprint(i))
				if err == nil {
					done <- fmt.Sprint(i)
					return
				}
				if !errors.Is(err, ErrInUse) && !errors.Is(err, ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	content, err := os.ReadFile(name)
	if err != nil || len(content) != cap(done) || len(done) != cap(done) {
		t.Errorf("%d of %d were done, and left %q, %v", len(done), cap(done), content, err)
	}
	if err := b.Sync(); err != nil {
		t.Error(err)
	}
}

// appendTo makes a new file of the old one and more.
func appendTo(b *Batch, name, more string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	f, err := b.CreateOver(file, nil, name)
	if err != nil {
		return err
	}
	if _, err := f.CopyFrom(file, 0, nil); err != nil {
		return errors.Join(err, f.Abort())
	}
	if _, err := f.Write([]byte(more)); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// TestBatchNotDurable has a sync of any folder fail before that of the batch.
func TestBatchNotDurable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	put(t, name, old)
	var b Batch
	f := over(t, &b, openOld(t, name), nil, name)
	write(t, f, fresh)
	commit(t, f)
	failedSyncs.Add(1)
	if err := b.Sync(); !errors.Is(err, ErrNotDurable) {
		t.Error(err)
	}
	wantContent(t, name, fresh)
}

// TestBatchCreate makes new files and replaces others, each folder tested once.
func TestBatchCreate(t *testing.T) {
	directory := t.TempDir()
	var b Batch
	made := func(base, mode string, o Options) {
		t.Helper()
		name := filepath.Join(directory, base)
		f, err := b.Create(name, o)
		if err != nil {
			t.Fatal(err)
		}
		write(t, f, fresh)
		commit(t, f)
		wantContent(t, name, fresh)
		if info, err := os.Stat(name); err != nil || info.Mode().String() != mode {
			t.Errorf("%s: %v, %v", base, info.Mode(), err)
		}
	}
	want(t, os.WriteFile(filepath.Join(directory, "old"), []byte(old), 0o666), nil)
	usual, err := os.Stat(filepath.Join(directory, "old")) // the bits that a new file gets here
	want(t, err, nil)
	chmod(t, filepath.Join(directory, "old"), 0o640)
	want(t, os.Symlink("old", filepath.Join(directory, "link")), nil)
	made("old", "-rw-r-----", Options{})
	made("link", "-rw-r-----", Options{})
	made("one", usual.Mode().String(), Options{})
	made("two", usual.Mode().String(), Options{})
	made("secret", "-rw-------", Options{Private: true})
	if len(b.renew) != 1 || len(b.tested) != 1 {
		t.Errorf("%d folders are to be synced, and %d are tested", len(b.renew), len(b.tested))
	}
	want(t, b.Sync(), nil)
	f, err := b.Create(filepath.Join(directory, "three"), Options{})
	want(t, err, nil)
	want(t, f.Abort(), nil)
	wantFiles(t, directory, "link", "old", "one", "secret", "two")

	want(t, os.Mkdir(filepath.Join(directory, "folder"), 0o755), nil)
	for base, reason := range map[string]error{"folder": errDirectory, "none/x": fs.ErrNotExist, "": errNoName} {
		_, err := b.Create(directory+string(filepath.Separator)+base, Options{})
		want(t, err, reason)
	}
	_, err = b.Create(os.DevNull, Options{})
	want(t, err, ErrNotRegular)
}
