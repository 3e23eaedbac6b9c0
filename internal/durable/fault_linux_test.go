// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// tool skips a test without a program, or without the rights that it needs.
func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("needs %s: %v", name, err)
	}
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Skipf("%s %q: %v: %s", name, arguments, err, out)
	}
}

// injected runs a child under strace, which makes system calls fail or kill the child. It
// returns the output of the child, and whether strace injected anything.
func injected(t *testing.T, inject, what string, arguments ...string) (out string, hit bool, err error) {
	t.Helper()
	tool(t, "strace")
	log := filepath.Join(t.TempDir(), "log")
	victim := child(t, what, arguments...)
	calls, _, _ := strings.Cut(inject, ":")
	options := []string{"-f", "-qq", "-o", log, "-e", "trace=" + calls, "-e", "inject=" + inject}
	if !strings.Contains(inject, "signal=") { // which --seccomp-bpf would lose
		options = append(options, "--seccomp-bpf")
	}
	cmd := exec.Command("strace", append(options, victim.Args...)...)
	cmd.Env = append(victim.Env, "GOMAXPROCS=1")
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	starting.Lock()
	err = cmd.Start()
	starting.Unlock()
	if err == nil {
		err = cmd.Wait()
	}
	trace, failed := os.ReadFile(log)
	if failed != nil || bytes.Contains(b.Bytes(), []byte("Operation not permitted")) {
		t.Skipf("strace: %v: %s", failed, &b)
	}
	return b.String(), bytes.Contains(trace, []byte("INJECTED")) || bytes.Contains(trace, []byte("killed by")), err
}

// TestOpenFails lets each of the system calls fail that open a partial output. What was
// saved must still be there for the next process.
func TestOpenFails(t *testing.T) {
	for _, inject := range []string{
		"openat:error=EMFILE", "openat:error=EIO", "openat:error=EACCES", "openat:error=ESTALE",
		"newfstatat:error=EIO", "fstat:error=EIO", "pread64:error=EIO", "flock:error=EIO", "statx:error=EIO",
	} {
		t.Run(inject, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "out")
			leave(t, name)
			for n := 1; ; n++ {
				out, hit, err := injected(t, fmt.Sprint(inject, ":when=", n), "state", name)
				if err == nil && out != "four 4\n" {
					t.Errorf("call %d: %q", n, out)
				}
				wantNext(t, name, "four", 4)
				if !hit {
					return
				}
			}
		})
	}
}

// TestTooManyOpenFiles has one descriptor more each time.
func TestTooManyOpenFiles(t *testing.T) {
	long(t)
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip(err)
	}
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	failed := 0
	for limit := 4; limit < 30; limit++ {
		victim := child(t, "state", name)
		victim.Args = append([]string{"prlimit", fmt.Sprint("--nofile=", limit)}, victim.Args...)
		victim.Path, victim.Stderr = prlimit, nil
		out, err := victim.Output()
		if err == nil && string(out) != "four 4\n" {
			t.Errorf("limit %d: %q", limit, out)
		}
		if err != nil {
			failed++
		}
		wantNext(t, name, "four", 4)
	}
	if failed == 0 {
		t.Error("no limit was too low")
	}
}

// TestFailedSync lets the n-th sync fail. What was written since the last mark is discarded,
// also for another process, and no record claims more.
func TestFailedSync(t *testing.T) {
	for n, said := range map[int]string{1: "begin: ", 2: "save 4: ", 3: "save 4: ", 4: ErrSync.Error(), 5: ErrSync.Error()} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "out")
			out, hit, err := injected(t, fmt.Sprint("fsync:error=EIO:when=", n), "sync", name)
			if !hit || !strings.Contains(out, said) || (err == nil) != (n > 3) {
				t.Errorf("hit %v, %v: %s", hit, err, out)
			}
			if n <= 3 {
				wantNext(t, name, "", 0)
				return
			}
			wantContent(t, filepath.Join(filepath.Dir(name), partName), "1234")
			wantNext(t, name, "four", 4)
		})
	}
}

// TestFailedSyncOfFile does not commit.
func TestFailedSyncOfFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	out, hit, err := injected(t, "fsync:error=EIO:when=1", "replace", name)
	if !hit || err == nil || !strings.Contains(out, ErrSync.Error()) {
		t.Errorf("hit %v, %v: %s", hit, err, out)
	}
	wantContent(t, name, old)
	wantFiles(t, filepath.Dir(name), "out")
	if out, _, err := injected(t, "fsync:error=EIO:when=2", "replace", name); err == nil || !strings.Contains(out, ErrNotDurable.Error()) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestFailedSyncOfFolder lets the sync of a folder fail after two renames in it. The
// next one, which succeeds, makes neither durable.
func TestFailedSyncOfFolder(t *testing.T) {
	directory := t.TempDir()
	out, hit, err := injected(t, "fsync:error=EIO:when=3", "two", directory)
	if !hit || err != nil || out != "true\ntrue\n" {
		t.Errorf("hit %v, %v: %s", hit, err, out)
	}
}

// thinDisk mounts a file system on a device that is smaller than it claims, and returns a
// function that adds the missing space.
func thinDisk(t *testing.T) (directory string, grow, remount func()) {
	t.Helper()
	tool(t, "mkfs.ext4")
	base := t.TempDir()
	if err := syscall.Mount("tmpfs", base, "tmpfs", 0, "size=20m"); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(base, syscall.MNT_DETACH) })
	image, ballast := filepath.Join(base, "image"), filepath.Join(base, "ballast")
	put(t, image, "")
	want(t, os.Truncate(image, 64<<20), nil)
	command(t, "mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=0,nodiscard", image)
	directory = filepath.Join(base, "disk")
	want(t, os.Mkdir(directory, 0o755), nil)
	mount := func() {
		command(t, "mount", "-o", "loop", image, directory)
		// A loop device takes a write of which a part was done for a whole one: of a
		// page, there are no parts.
		limits, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
		for _, limit := range limits {
			if backing, _ := os.ReadFile(limit); strings.TrimSpace(string(backing)) == image {
				put(t, filepath.Join(filepath.Dir(filepath.Dir(limit)), "queue", "max_sectors_kb"), "4")
			}
		}
	}
	mount()
	t.Cleanup(func() { command(t, "umount", directory) })
	var st syscall.Statfs_t
	want(t, syscall.Statfs(base, &st), nil)
	put(t, ballast, strings.Repeat("x", int(st.Bavail)*int(st.Bsize)-6<<20))
	return directory, func() { want(t, os.Remove(ballast), nil) }, func() {
		command(t, "umount", directory)
		mount()
	}
}

// forget drops the cache of the system for a file.
func forget(t *testing.T, file *os.File) {
	t.Helper()
	want(t, unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED), nil)
}

// TestThinDisk fills a disk that claims to have more space. The first sync fails, and the
// next one would succeed without the content.
func TestThinDisk(t *testing.T) {
	long(t)
	directory, grow, remount := thinDisk(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)

	p := resume(t, name)
	want(t, p.Begin(0), nil)
	var err error
	var content []byte
	block := bytes.Repeat([]byte(fresh), 1<<15)
	for range 32 {
		content = append(content, block...)
		writePartial(t, p, string(block))
		if err = p.Save([]byte("state"), p.Written()); err != nil {
			break
		}
	}
	want(t, err, ErrSync)
	mark := p.Durable()
	if mark == 0 || mark >= p.Written() {
		t.Fatalf("%d of %d bytes are durable", mark, p.Written())
	}
	_, err = p.Write(block)
	want(t, err, ErrSync)
	forget(t, p.file)
	lost := make([]byte, p.Written())
	if _, err := p.ReadAt(lost, 0); err == nil && bytes.Equal(lost, content) || !bytes.Equal(lost[:mark], content[:mark]) {
		t.Errorf("everything is there, or less than the mark: %v", err)
	}
	want(t, p.Close(), nil)
	p = resume(t, name)
	wantState(t, p, "state", mark)
	grow()
	want(t, p.Begin(mark), nil)
	writePartial(t, p, string(content[mark:]))
	want(t, p.Commit(), nil)
	remount()
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v, not what was written", len(got), err)
	}
}

func TestFileOnThinDisk(t *testing.T) {
	long(t)
	directory, _, _ := thinDisk(t)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	f := create(t, name)
	write(t, f, strings.Repeat(fresh, 1<<20))
	want(t, f.Commit(), ErrSync)
	wantContent(t, name, old)
	want(t, WriteNew(name+".key", bytes.Repeat([]byte(fresh), 1<<20), 0o600), ErrSync)
	if _, err := os.Lstat(name + ".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestThinDiskInOneProcess resumes without closing the output.
func TestThinDiskInOneProcess(t *testing.T) {
	long(t)
	directory, grow, remount := thinDisk(t)
	name := filepath.Join(directory, "out")
	p := resume(t, name)
	want(t, p.Begin(0), nil)
	content := strings.Repeat(fresh, 1<<16)
	writePartial(t, p, content)
	want(t, p.Save([]byte("1"), p.Written()), nil)
	rest := strings.Repeat(fresh, 10<<16)
	writePartial(t, p, rest)
	want(t, p.Save([]byte("2"), p.Written()), ErrSync)
	grow()
	want(t, p.Prepare(nil), ErrSync) // which would succeed
	wantState(t, p, "1", int64(len(content)))
	want(t, p.Begin(int64(len(content))), nil)
	writePartial(t, p, rest)
	want(t, p.Commit(), nil)
	remount()
	wantSame(t, name, content+rest)
}

func wantSame(t *testing.T, name, content string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != content {
		t.Errorf("%d bytes, %v, not what was written", len(got), err)
	}
}

// TestKilledAtRename kills a process at each of the renames of a Commit. The target
// is the old or the new file, and no part is there for others to read.
func TestKilledAtRename(t *testing.T) {
	for _, what := range []string{"replace", "replace part"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				name := filepath.Join(t.TempDir(), "out")
				put(t, name, old)
				out, hit, err := injected(t, fmt.Sprint("renameat,renameat2,linkat:signal=KILL:when=", n), what, name)
				if hit == (err == nil) {
					t.Errorf("call %d: %v: %s", n, err, out)
				}
				if got, err := os.ReadFile(name); err != nil || string(got) != old && string(got) != fresh {
					t.Errorf("call %d: %q, %v", n, got, err)
				}
				if info, err := os.Stat(filepath.Join(filepath.Dir(name), partName)); err == nil && info.Mode() != 0o600 {
					t.Errorf("call %d: the part has mode %v", n, info.Mode())
				}
				p := resume(t, name) // which also sweeps
				want(t, p.Remove(), nil)
				wantFiles(t, filepath.Dir(name), "out")
				if !hit {
					if n == 1 {
						t.Error("it was never killed")
					}
					return
				}
			}
		})
	}
}

// TestAllOrNothing kills a process at each call that replaces small content, or lets that
// call fail. The target has the old or the new content. A record that is about other content
// is not a receipt.
func TestAllOrNothing(t *testing.T) {
	for _, inject := range []string{
		"pwrite64:signal=KILL", "fsync:signal=KILL", "renameat,renameat2:signal=KILL", "openat:signal=KILL",
		"pwrite64:error=ENOSPC", "fsync:error=EIO", "openat:error=EMFILE",
	} {
		t.Run(inject, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				directory := t.TempDir()
				want(t, replaceAll(directory, old), nil)
				out, hit, err := injected(t, fmt.Sprint(inject, ":when=", n), "all", directory, fresh)
				got, failed := os.ReadFile(filepath.Join(directory, "out"))
				if failed != nil || string(got) != old && string(got) != fresh || err == nil && string(got) != fresh {
					t.Errorf("call %d: %q, %v, %v: %s", n, got, failed, err, out)
				}
				p := openIn(t, directory)
				if state, length := p.State(); state != nil && !p.Committed() {
					b := make([]byte, length)
					if _, err := p.file.ReadAt(b, 0); err != nil || string(b) != string(state) {
						t.Errorf("call %d: a record of %q is beside %q, %v", n, state, b, err)
					}
				}
				want(t, p.Remove(), nil)
				wantFiles(t, directory, "out")
				if !hit {
					if n == 1 {
						t.Error("it never happened")
					}
					return
				}
			}
		})
	}
}

// TestKept lets each rename of a Commit and all that follow fail. The finished file is
// what the error says.
func TestKept(t *testing.T) {
	for _, what := range []string{"replace", "replace part"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				name := filepath.Join(t.TempDir(), "out")
				put(t, name, old)
				out, hit, err := injected(t, fmt.Sprint("renameat,renameat2:error=EBUSY:when=", n, "+"), what, name)
				if hit == (err == nil) {
					t.Errorf("call %d: %v: %s", n, err, out)
				}
				if !hit {
					return
				}
				wantContent(t, name, old)
				_, kept, named := strings.Cut(out, "the finished file is ")
				kept, _, _ = strings.Cut(kept, "\n")
				if named {
					wantContent(t, kept, fresh)
				} else if n > 1 { // the first is a test before the work
					t.Errorf("call %d: %s", n, out)
				}
			}
		})
	}
}

// withoutProc runs a child without /proc, so that files cannot get names later.
func withoutProc(t *testing.T, what string, arguments ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to hide /proc")
	}
	tool(t, "unshare")
	cmd := child(t, what, arguments...)
	cmd.Args = append([]string{"unshare", "-m", "sh", "-c", `mount -t tmpfs none /proc && exec "$0" "$@"`}, cmd.Args...)
	cmd.Path, _ = exec.LookPath("unshare")
	return cmd
}

// TestSweep removes what killed processes left, and nothing that is in use.
func TestSweep(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	foreign := filepath.Join(filepath.Dir(name), tempName("foreign"))
	put(t, foreign, old)
	if os.Geteuid() == 0 {
		want(t, os.Chown(foreign, 12345, -1), nil)
	}
	lookalike := filepath.Join(filepath.Dir(name), ".a.pqenc-tmp")
	put(t, lookalike, old)

	victim := withoutProc(t, "half", name)
	stdin, err := victim.StdinPipe()
	want(t, err, nil)
	defer stdin.Close()
	stdout, err := victim.StdoutPipe()
	want(t, err, nil)
	want(t, victim.Start(), nil)
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Skipf("cannot hide /proc: %v", err)
	}
	sweepAgain := func() int {
		dir := rootOf(t, filepath.Dir(name))
		swept.Delete(dir.Name())
		sweep(dir)
		temporary, _ := leftovers(t, filepath.Dir(name))
		return len(temporary)
	}
	if n := sweepAgain(); n != 3 {
		t.Errorf("%d are left, with one that is being written", n)
	}
	want(t, victim.Process.Kill(), nil)
	victim.Wait()
	if n := sweepAgain(); n != 2 {
		t.Errorf("%d are left, and should be that of somebody else and one of another name", n)
	}
	wantContent(t, name, old)
}

// TestNamed commits where there are no files without a name.
func TestNamed(t *testing.T) {
	for _, what := range []string{"replace", "replace part", "key"} {
		name := filepath.Join(t.TempDir(), "out")
		if what != "key" {
			put(t, name, old)
		}
		want(t, withoutProc(t, what, name).Run(), nil)
		wantContent(t, name, fresh)
		wantFiles(t, filepath.Dir(name), "out")
	}
}

// bind makes a file a mount point.
func bind(t *testing.T, name string) {
	t.Helper()
	if err := syscall.Mount(name, name, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(name, syscall.MNT_DETACH) })
}

// wantRefused checks for both kinds of output that the error comes before the work.
func wantRefused(t *testing.T, name string, reason error) {
	t.Helper()
	before, err := os.ReadDir(filepath.Dir(name))
	want(t, err, nil)
	_, fileErr := Create(t.Context(), name, Options{})
	_, partErr := OpenPartial(name, Options{})
	for _, err := range []error{fileErr, partErr} {
		var refused *ReplaceError
		if !errors.Is(err, ErrReplace) || !errors.Is(err, reason) || !errors.As(err, &refused) || refused.Kept != "" {
			t.Errorf("%v, want %v", err, reason)
		}
	}
	if after, err := os.ReadDir(filepath.Dir(name)); err != nil || len(after) != len(before) {
		t.Errorf("%d files were there, and %d are, %v", len(before), len(after), err)
	}
}

func TestMountPoint(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	bind(t, name)
	wantRefused(t, name, errMount)
	wantContent(t, name, old)
}

func TestFlags(t *testing.T) {
	tool(t, "chattr")
	for _, test := range []struct {
		flag, what string
		reason     error
	}{{"i", "out", errImmutable}, {"a", "out", errAppend}, {"i", "", errImmutable}, {"a", "", errAppend}} {
		t.Run(test.flag+test.what, func(t *testing.T) {
			directory := t.TempDir()
			name := filepath.Join(directory, "out")
			put(t, name, old)
			command(t, "chattr", "+"+test.flag, filepath.Join(directory, test.what))
			defer command(t, "chattr", "-"+test.flag, filepath.Join(directory, test.what))
			wantRefused(t, name, test.reason)
		})
	}
}

func TestStickyFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	directory := openDirectory(t)
	chmod(t, directory, 0o777|fs.ModeSticky)
	name := filepath.Join(directory, "out")
	put(t, name, old)
	chmod(t, name, 0o666)
	create(t, name).Abort() // root may do it
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unprivileged(t)
	wantRefused(t, name, errSticky)
	f := create(t, filepath.Join(directory, "another"))
	write(t, f, fresh)
	commit(t, f)
}

// TestNoRename refuses a folder in which nothing can be renamed, before the work.
func TestNoRename(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	out, hit, err := injected(t, "renameat,renameat2:error=EPERM:when=1", "replace", name)
	if !hit || err == nil || !strings.Contains(out, "does not let files be renamed") {
		t.Errorf("hit %v, %v: %s", hit, err, out)
	}
	wantContent(t, name, old)
	wantFiles(t, filepath.Dir(name), "out")
}

// TestMountedMeanwhile makes the target a mount point when it is too late to refuse.
func TestMountedMeanwhile(t *testing.T) {
	for _, saved := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "out")
		put(t, name, old)
		chmod(t, name, 0o644)
		f, p := create(t, name), resume(t, name)
		write(t, f, fresh)
		want(t, p.Begin(0), nil)
		writePartial(t, p, fresh)
		if saved {
			want(t, p.Save([]byte("state"), 3), nil)
		}
		bind(t, name)
		wantKept(t, f.Commit(), name, fresh)
		err := p.Commit()
		want(t, err, syscall.EBUSY)
		if saved {
			want(t, syscall.Unmount(name, syscall.MNT_DETACH), nil)
			wantNext(t, name, "state", 3)
		}
		wantKept(t, err, name, fresh)
	}
}
