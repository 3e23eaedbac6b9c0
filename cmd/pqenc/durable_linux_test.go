// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestInterruptedAtPipe interrupts a command that waits for the reader of its output.
func TestInterruptedAtPipe(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	var stderr strings.Builder
	cmd := exec.Command("pqenc", "-r", "alice.pub", "-o", "pipe", "alice.pub")
	cmd.Dir, cmd.Stderr = dir, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	err := await("the command to open the pipe", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", cmd.Process.Pid))
		for _, thread := range threads {
			if call, _ := os.ReadFile(thread); bytes.HasPrefix(call, fmt.Append(nil, syscall.SYS_OPENAT, " ")) {
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Skip(err) // not visible on this system
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, err := exitCode(cmd.Wait()); code != 130 || err != nil || stderr.String() != "pqenc: interrupted\n" {
		t.Errorf("exit code %d, %v, and it says %q", code, err, stderr.String())
	}
}

// TestPullFailedSync makes a sync fail during a pull. The pull returns an error, and the
// next one resumes from the data that was synced before.
func TestPullFailedSync(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	dir, s := newStore(t)
	content := bytes.Repeat([]byte("a model of some size "), 1<<20)
	writeIn(t, dir, "model", content)
	remote := []string{"-q", "-i", "alice.key", "--server", testkit.Identity("server").Fingerprint().String()}
	url := "ws://" + s.host + "/model"
	push := append(append([]string{"push", "-r", "alice.pub"}, remote...), "model", url)
	if code, _, stderr := pqencIn(t, dir, push...); code != exitOK {
		t.Fatal(stderr)
	}
	pull := append(append([]string{"pull", "-o", "out"}, remote...), url)
	for n, file := range []string{".out.pqenc-part", ".out.pqenc-state"} {
		writeIn(t, dir, "out", []byte(oldContent))
		var stderr strings.Builder
		strace := exec.Command("strace", append([]string{"-f", "-qq", "-o", "trace", "-P", filepath.Join(dir, file),
			"-e", "trace=fsync", "-e", fmt.Sprintf("inject=fsync:error=EIO:when=%d+", n+1), "pqenc"}, pull...)...)
		strace.Dir, strace.Stderr = dir, &stderr
		code, err := exitCode(strace.Run())
		if trace, _ := os.ReadFile(filepath.Join(dir, "trace")); !bytes.Contains(trace, []byte("INJECTED")) {
			t.Skipf("strace injects nothing: %v: %s", err, stderr.String())
		}
		const want = "the disk did not keep what was written: input/output error\npqenc: hint: check the disk"
		if code != exitIO || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d, %v, and it says %q", file, code, err, stderr.String())
		}
		if got, err := os.ReadFile(filepath.Join(dir, "out")); string(got) != oldContent {
			t.Errorf("%s: out has changed, %v", file, err)
		}
		if code, _, stderr := pqencIn(t, dir, pull...); code != exitOK {
			t.Errorf("%s: %s", file, stderr)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "out")); !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v, are not what was pushed", file, len(got), err)
		}
	}
}

// TestPullFailedOpen makes the file system fail when a pull creates its part, which must
// be reported.
func TestPullFailedOpen(t *testing.T) {
	need(t, "strace")
	dir, s := newStore(t)
	writeIn(t, dir, "model", []byte("contents"))
	remote := []string{"-q", "-i", "alice.key", "--server", testkit.Identity("server").Fingerprint().String()}
	url := "ws://" + s.host + "/model"
	if code, _, stderr := pqencIn(t, dir, append(append([]string{"push", "-r", "alice.pub"}, remote...), "model", url)...); code != exitOK {
		t.Fatal(stderr)
	}
	var stderr strings.Builder
	strace := exec.Command("strace", append([]string{"-f", "-qq", "-o", "trace", "-P", ".out.pqenc-part",
		"-e", "trace=openat", "-e", "inject=openat:error=EMFILE", "pqenc", "pull", "-o", "out", url}, remote...)...)
	strace.Dir, strace.Stderr = dir, &stderr
	code, err := exitCode(strace.Run())
	if trace, _ := os.ReadFile(filepath.Join(dir, "trace")); !bytes.Contains(trace, []byte("INJECTED")) {
		t.Skipf("strace injects nothing: %v: %s", err, stderr.String())
	}
	if code != exitIO || !strings.HasSuffix(stderr.String(), ": continue out: too many open files\n") {
		t.Errorf("exit code %d, %v, and it says %q", code, err, stderr.String())
	}
}

// TestMountPoint requires that an output that cannot be replaced is refused before
// reading.
func TestMountPoint(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	writeIn(t, dir, "out", []byte(oldContent))
	out := filepath.Join(dir, "out")
	if err := syscall.Mount(out, out, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(out, syscall.MNT_DETACH) })
	code, _, stderr := pqencIn(t, dir, "-r", "alice.pub", "-o", "out", "/dev/zero")
	if code != exitIO || !strings.HasPrefix(stderr, "pqenc: error: replace out: is a mount point\npqenc: hint: write to another name") {
		t.Errorf("exit code %d, and it says %q", code, stderr)
	}
}
