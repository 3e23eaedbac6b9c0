// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package durable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// umask sets the process's umask for the time of the test.
func umask(t *testing.T, mask int) {
	before := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(before) })
}

// unprivileged drops the privileges of root for the rest of the test. It does nothing for
// other users.
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	if err := syscall.Setreuid(-1, nobody); err != nil {
		t.Skipf("cannot become another user: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Setreuid(-1, 0); err != nil {
			panic(err) // the other tests would run as nobody
		}
	})
}

// openDirectory is a directory that everybody may write to.
func openDirectory(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for _, path := range []string{directory, filepath.Dir(directory)} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

func wantMode(t *testing.T, name string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s: mode %v, want %v", filepath.Base(name), info.Mode(), want)
	}
}

func wantOpenMode(t *testing.T, file *os.File, want fs.FileMode) {
	t.Helper()
	if info, err := file.Stat(); err != nil || info.Mode() != want {
		t.Errorf("mode %v, %v, want %v", info.Mode(), err, want)
	}
}

func chmod(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func TestNewFileMode(t *testing.T) {
	for mask, want := range map[int]fs.FileMode{0o022: 0o644, 0o077: 0o600, 0o027: 0o640, 0: 0o666} {
		directory := t.TempDir()
		umask(t, mask)
		f := create(t, filepath.Join(directory, "out"))
		wantOpenMode(t, f.file, 0o600)
		commit(t, f)
		wantMode(t, f.Name(), want)
	}
}

func TestReplacedFileMode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	for i, mode := range []fs.FileMode{0o644, 0o600, 0o666, 0o666, 0o604, 0o444, 0o000, 0o755 | fs.ModeSetuid} {
		umask(t, []int{0, 0o077}[i%2])
		chmod(t, name, mode)
		f := create(t, name)
		write(t, f, fresh)
		wantOpenMode(t, f.file, 0o600)
		commit(t, f)
		wantMode(t, name, mode.Perm())
	}
}

func TestWriteNewMode(t *testing.T) {
	for _, test := range []struct {
		mask       int
		perm, want fs.FileMode
	}{{0, 0o600, 0o600}, {0o022, 0o644, 0o644}, {0o077, 0o644, 0o600}, {0, 0o400, 0o400}} {
		directory := t.TempDir()
		umask(t, test.mask)
		name := filepath.Join(directory, "key")
		if err := WriteNew(name, []byte(fresh), test.perm); err != nil {
			t.Fatal(err)
		}
		wantMode(t, name, test.want)
		wantFiles(t, directory, "key")
	}
}

func owners(t *testing.T, name string) [2]uint32 {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	return [2]uint32{owner.Uid, owner.Gid}
}

func TestRootKeepsOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	if err := os.Chown(name, 12345, 23456); err != nil {
		t.Skip(err)
	}
	chmod(t, name, 0o664)
	f := create(t, name)
	write(t, f, fresh)
	commit(t, f)
	wantMode(t, name, 0o664)
	if got := owners(t, name); got != [2]uint32{12345, 23456} {
		t.Errorf("owners %v", got)
	}
}

// TestOthersDropGroupRights: the rights of a group must not go to another one.
func TestOthersDropGroupRights(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	name := filepath.Join(openDirectory(t), "out")
	put(t, name, old)
	if err := os.Chown(name, 12345, 23456); err != nil {
		t.Skip(err)
	}
	for mode, want := range map[fs.FileMode]fs.FileMode{0o660: 0o600, 0o664: 0o644, 0o755: 0o755, 0o640: 0o600} {
		t.Run(fmt.Sprintf("%o", mode), func(t *testing.T) {
			if err := os.Chown(name, 12345, 23456); err != nil {
				t.Fatal(err)
			}
			chmod(t, name, mode)
			unprivileged(t)
			f := create(t, name)
			write(t, f, fresh)
			commit(t, f)
			wantMode(t, name, want)
		})
	}
}

func TestUnwritableDirectory(t *testing.T) {
	directory := openDirectory(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	chmod(t, name, 0o666)
	chmod(t, directory, 0o555)
	defer os.Chmod(directory, 0o755)
	unprivileged(t)
	for _, base := range []string{"out", "another"} {
		_, err := Create(t.Context(), filepath.Join(directory, base), Options{})
		wantDirectoryError(t, err, directory, fs.ErrPermission)
	}
	err := WriteNew(filepath.Join(directory, "another"), nil, 0o600)
	wantDirectoryError(t, err, directory, fs.ErrPermission)
	if err := WriteNew(name, nil, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	wantFiles(t, directory, "out")
	wantContent(t, name, old)
}

// TestUnreadableDirectory: a directory may allow adding files, but not listing or syncing.
func TestUnreadableDirectory(t *testing.T) {
	directory := openDirectory(t)
	chmod(t, directory, 0o333)
	defer os.Chmod(directory, 0o755)
	unprivileged(t)
	f := create(t, filepath.Join(directory, "out"))
	write(t, f, fresh)
	commit(t, f)
	wantContent(t, f.Name(), fresh)
}

// TestCommitDenied: the directory becomes unwritable while the file is written.
func TestCommitDenied(t *testing.T) {
	directory := openDirectory(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	chmod(t, name, 0o666)
	f := create(t, name)
	write(t, f, fresh)
	chmod(t, directory, 0o555)
	defer os.Chmod(directory, 0o755)
	unprivileged(t)
	if err := f.Commit(); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	wantContent(t, name, old)
}

func TestNotDurable(t *testing.T) {
	target := &target{dir: unlisted(filepath.Join(t.TempDir(), "none"))}
	err := target.settle()
	if !errors.Is(err, ErrNotDurable) || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestSymlink(t *testing.T) {
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(directory, "deep", "target")
	put(t, target, old)
	chmod(t, target, 0o640)
	// link -> deep/link -> ../absolute -> target
	symlink(t, "deep/link", filepath.Join(directory, "link"))
	symlink(t, "../absolute", filepath.Join(directory, "deep", "link"))
	symlink(t, target, filepath.Join(directory, "absolute"))

	f := create(t, filepath.Join(directory, "link"))
	write(t, f, fresh)
	wantContent(t, target, old)
	commit(t, f)
	wantContent(t, target, fresh)
	wantMode(t, target, 0o640)
	wantFiles(t, directory, "absolute", "deep", "link")
	wantFiles(t, filepath.Join(directory, "deep"), "link", "target")
	for _, link := range []string{"link", "absolute", "deep/link"} {
		wantMode(t, filepath.Join(directory, link), fs.ModeSymlink|0o777)
	}
}

func TestBadSymlinks(t *testing.T) {
	directory := t.TempDir()
	symlink(t, "nothing", filepath.Join(directory, "dangling"))
	symlink(t, "dangling", filepath.Join(directory, "dangling chain"))
	symlink(t, "loop", filepath.Join(directory, "loop"))
	symlink(t, ".", filepath.Join(directory, "to directory"))
	for base, want := range map[string]error{
		"dangling": errDangling, "dangling chain": errDangling, "loop": syscall.ELOOP, "to directory": errDirectory,
	} {
		name := filepath.Join(directory, base)
		if _, err := Create(t.Context(), name, Options{}); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("Create(t.Context(), %s): %v", base, err)
		}
		if err := WriteNew(name, []byte(fresh), 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("WriteNew(%s): %v", base, err)
		}
		if err := place(rootOf(t, directory), "none", base, 0o600); err == nil {
			t.Errorf("place(%s) succeeds", base)
		}
		if err := claim(rootOf(t, directory), "none", base, 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("claim(%s): %v", base, err)
		}
	}
	wantFiles(t, directory, "dangling", "dangling chain", "loop", "to directory")
}

// TestParentOfSymlink: ".." after a link to a directory is the parent of that directory.
func TestParentOfSymlink(t *testing.T) {
	directory := t.TempDir()
	if err := os.MkdirAll(filepath.Join(directory, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	symlink(t, "a/b", filepath.Join(directory, "link"))
	for range 2 { // new, then existing
		f := create(t, directory+"/link/../out")
		write(t, f, fresh)
		commit(t, f)
	}
	wantContent(t, filepath.Join(directory, "a", "out"), fresh)
	wantFiles(t, directory, "a", "link")
	wantFiles(t, filepath.Join(directory, "a"), "b", "out")
}

// TestSymlinkSwappedIn: a link that appears at the target is replaced, not followed.
func TestSymlinkSwappedIn(t *testing.T) {
	directory := t.TempDir()
	precious := filepath.Join(directory, "precious")
	put(t, precious, old)
	name := filepath.Join(directory, "out")
	f := create(t, name)
	write(t, f, fresh)
	symlink(t, precious, name)
	commit(t, f)
	wantContent(t, precious, old)
	wantContent(t, name, fresh)
}

func TestHardLink(t *testing.T) {
	directory := t.TempDir()
	name, other := filepath.Join(directory, "out"), filepath.Join(directory, "other")
	put(t, name, old)
	if err := os.Link(name, other); err != nil {
		t.Skip(err)
	}
	f := create(t, name)
	write(t, f, fresh)
	commit(t, f)
	wantContent(t, name, fresh)
	wantContent(t, other, old)
}

// TestOpenInputIsOutput reads the old file while it is replaced.
func TestOpenInputIsOutput(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	input, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	f := create(t, name)
	write(t, f, fresh)
	commit(t, f)
	if got, err := io.ReadAll(input); err != nil || string(got) != old {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestDevNull(t *testing.T) {
	before, err := os.Lstat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	symlink(t, os.DevNull, link)
	for _, name := range []string{os.DevNull, link} {
		for _, end := range []func(*File) error{(*File).Commit, (*File).Abort} {
			f := create(t, name)
			if f.Atomic() {
				t.Error("said to be atomic")
			}
			write(t, f, fresh)
			if err := end(f); err != nil {
				t.Error(err)
			}
			after, err := os.Lstat(os.DevNull)
			if err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) {
				t.Fatalf("%s was %v and is %v, %v", os.DevNull, before.Mode(), after.Mode(), err)
			}
		}
	}
	wantFiles(t, filepath.Dir(link), "link")
	if left, _ := filepath.Glob("/dev/.*.pqenc-tmp"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// fifo makes one that somebody reads from.
func fifo(t *testing.T) (name string, reader *os.File) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	reader, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { reader.Close() })
	return name, reader
}

func TestFIFO(t *testing.T) {
	name, reader := fifo(t)
	f := create(t, name)
	if f.Atomic() {
		t.Error("said to be atomic")
	}
	write(t, f, fresh)
	got := make([]byte, len(fresh))
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != fresh {
		t.Errorf("read %q, %v", got, err)
	}
	commit(t, f)
	if _, err := f.Write(nil); err != errCommitted {
		t.Errorf("write after commit: %v", err)
	}
	wantMode(t, name, fs.ModeNamedPipe|0o600)
	wantFiles(t, filepath.Dir(name), "fifo")
}

// TestAbortOfBlockedWrite: Abort does not wait for a Write that nobody reads.
func TestAbortOfBlockedWrite(t *testing.T) {
	name, _ := fifo(t)
	f := create(t, name)
	begun := make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := f.Write([]byte(fresh))
		close(begun)
		for err == nil {
			_, err = f.Write(make([]byte, 1<<20)) // more than a pipe holds
		}
		ended <- err
	}()
	<-begun
	if err := f.Abort(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != ErrAborted {
		t.Errorf("write: %v", err)
	}
	wantMode(t, name, fs.ModeNamedPipe|0o600)
}

func TestSocket(t *testing.T) {
	directory, err := os.MkdirTemp("", "sock") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	name := filepath.Join(directory, "s")
	listener, err := net.Listen("unix", name)
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	if f, err := Create(t.Context(), name, Options{}); err == nil {
		t.Errorf("a socket was opened, atomic: %v", f.Atomic())
		f.Abort()
	}
	wantFiles(t, directory, "s")
}

// TestSpecialSwapped replaces a device by a file before it is opened.
func TestSpecialSwapped(t *testing.T) {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	if _, err := openSpecial(t.Context(), name, null); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	wantContent(t, name, old)
}

func TestDescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f := create(t, fmt.Sprint("/dev/fd/", w.Fd()))
	if f.Atomic() {
		t.Error("said to be atomic")
	}
	write(t, f, fresh)
	commit(t, f)
	if _, err := w.WriteString(old); err != nil { // it is still open
		t.Error(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != fresh+old {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := Create(t.Context(), "/dev/fd/123456789", Options{}); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
}

// TestDescriptorOfFile: an open file is written to directly, even a regular one.
func TestDescriptorOfFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f := create(t, fmt.Sprint("/dev/fd/", file.Fd()))
	if f.Atomic() {
		t.Error("said to be atomic")
	}
	write(t, f, fresh)
	wantContent(t, file.Name(), fresh)
	commit(t, f)
}

// TestStdout: redirected with >>, /dev/stdout must append to the file.
func TestStdout(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	put(t, name, old)
	log, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	child := child(t, "stdout")
	child.Stdout = log
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, old+fresh)
	wantFiles(t, filepath.Dir(name), "log")
}

// TestPipeWithoutReader waits for a reader until the context ends.
func TestPipeWithoutReader(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := Create(ctx, name, Options{})
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
}

func TestPrivate(t *testing.T) {
	umask(t, 0)
	name := filepath.Join(t.TempDir(), "out")
	for _, late := range []bool{false, true} {
		o := Options{Private: !late}
		for _, exists := range []bool{false, true} {
			for _, partial := range []bool{false, true} {
				os.Remove(name)
				if exists {
					put(t, name, old)
					chmod(t, name, 0o644)
				}
				if partial {
					p, err := OpenPartial(name, o)
					want(t, err, nil)
					want(t, p.Begin(0), nil)
					writePartial(t, p, fresh)
					if late {
						p.MakePrivate()
					}
					want(t, p.Commit(), nil)
				} else {
					f, err := Create(t.Context(), name, o)
					want(t, err, nil)
					write(t, f, fresh)
					if late {
						f.MakePrivate()
					}
					commit(t, f)
				}
				wantMode(t, name, 0o600)
				wantContent(t, name, fresh)
			}
		}
	}
}
