// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
)

// need skips a test if a program is missing.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(err)
	}
}

// pipe returns the ends of a pipe, and closes them after the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// fullPipe returns the ends of a full pipe.
func fullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w = pipe(t)
	fd := int(w.Fd())
	unix.SetNonblock(fd, true)
	for _, size := range []int{1 << 16, 1} {
		for b := make([]byte, size); ; {
			if _, err := unix.Write(fd, b); err != nil {
				break
			}
		}
	}
	unix.SetNonblock(fd, false)
	return r, w
}

// brokenPipe returns the write end of a pipe without a reader.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	r, w := pipe(t)
	r.Close()
	return w
}

// runIn runs a command in a folder with the given standard streams, and returns its exit
// code.
func runIn(t *testing.T, dir string, stdin io.Reader, stdout, stderr io.Writer, args ...string) int {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, stdin, stdout, stderr
	code, err := exitCode(cmd.Run())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// warning is a command that prints a warning: a key is named twice.
var warning = []string{"pqenc", "-r", "alice.pub", "-r", "alice.pub", "-o", "out", "in"}

// TestMessagesUnread runs commands while nobody reads standard error: they still finish.
func TestMessagesUnread(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *os.File{
		"gone": brokenPipe,
		"full": func(t *testing.T) *os.File { _, w := fullPipe(t); return w },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newFolder(t)
			writeIn(t, dir, "in", []byte("contents"))
			if code := runIn(t, dir, nil, nil, open(t), warning...); code != exitOK {
				t.Fatalf("encrypting: exit code %d", code)
			}
			if code, stdout, stderr := pqencIn(t, dir, "-d", "-i", "alice.key", "out"); stdout != "contents" {
				t.Errorf("exit code %d, %q: %s", code, stdout, stderr)
			}
			if code := runIn(t, dir, nil, nil, open(t), "pqenc", "-d", "-i", "bob.key", "out"); code != exitNoKey {
				t.Errorf("an error that nobody reads: exit code %d", code)
			}
		})
	}
}

// TestProgressUnread interrupts a command while nobody reads its progress.
func TestProgressUnread(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	_, stderr := fullPipe(t)
	dir := newFolder(t)
	stdin, feed := pipe(t)
	cmd := exec.Command("pqenc", "--progress=always", "-r", "alice.pub", "-o", "out")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, stdin, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	stdin.Close()
	// More than is shown at once, and more than is read ahead of the last counted byte.
	for end := time.Now().Add(time.Second / 2); time.Now().Before(end); {
		if _, err := feed.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Process.Signal(os.Interrupt)
	if code, err := exitCode(cmd.Wait()); code != 130 || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// TestLogUnread has a server whose log nobody reads: it still serves, and stops when
// told.
func TestLogUnread(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	for name, open := range map[string]func(*testing.T) *os.File{
		"gone": brokenPipe,
		"full": func(t *testing.T) *os.File { _, w := fullPipe(t); return w },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServingTo(t, open(t), newFolder(t), "true", "--log-level", "debug")
			c := s.client()
			defer c.Close()
			if err := c.Push(t.Context(), "a", bytes.NewReader(sealed(t, []byte("contents"))), transfer.PushOptions{}); err != nil {
				t.Error(err)
			}
			if code := s.end(t, syscall.SIGTERM); code != exitOK {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestMessagesDropped fills the queue without a reader, and then reads it.
func TestMessagesDropped(t *testing.T) {
	t.Parallel()
	r, w := fullPipe(t)
	m := newMessages(w)
	lost := make(chan int64, 1)
	m.onLoss(func(dropped int64) { lost <- dropped })
	for range messagesKept + 10 {
		if n, err := m.Write([]byte("line\n")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	}
	go io.Copy(io.Discard, r)
	// One is being written, and no longer in the queue.
	if dropped := <-lost; dropped != 9 && dropped != 10 {
		t.Errorf("%d lines were dropped", dropped)
	}
	m.flush()
	if len(m.queue) > 0 {
		t.Error("something is still in the queue")
	}
}

// TestServeSignals ends a server by signals that are not a request to stop: the exit code
// is not 0.
func TestServeSignals(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGQUIT: 131, syscall.SIGTERM: 0} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			skipIgnored(t, sig)
			if code := startServing(t, newFolder(t)).end(t, sig); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
		})
	}
}

// TestResultsUnread writes to a standard output without a reader: the command ends
// silently, as if by SIGPIPE.
func TestResultsUnread(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	writeIn(t, dir, "in.pqe", sealed(t, zeros))
	s := startServing(t, newFolder(t))
	c := s.client()
	defer c.Close()
	if err := c.Push(t.Context(), "a", bytes.NewReader(sealed(t, zeros)), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"-r alice.pub --force in.pqe", "-d -i alice.key in.pqe", "verify -i alice.key in.pqe", "inspect in.pqe", "fingerprint alice.pub",
		"version", "man", "completion bash", "--help", "__complete bash -",
		"pull -i alice.key --server bob.pub ws://" + s.addr + "/a", "ls -i alice.key --server bob.pub ws://" + s.addr,
	} {
		var stderr strings.Builder
		code := runIn(t, dir, nil, brokenPipe(t), &stderr, append([]string{"pqenc"}, strings.Fields(command)...)...)
		if code != 141 || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d: %s", command, code, &stderr)
		}
	}
}

// TestCloseFails makes closing standard output fail, as on a network file system over its
// quota: no command may succeed.
func TestCloseFails(t *testing.T) {
	t.Parallel()
	need(t, "strace")
	if err := exec.Command("strace", "-o", "/dev/null", "true").Run(); err != nil {
		t.Skip("nothing can be traced here: ", err)
	}
	dir := newFolder(t)
	writeIn(t, dir, "in.pqe", sealed(t, []byte("contents")))
	s := startServing(t, newFolder(t))
	for _, command := range []string{
		"-r alice.pub --force in.pqe", "-d -i alice.key in.pqe", "verify -i alice.key in.pqe", "inspect --json in.pqe",
		"fingerprint alice.pub", "keygen -o dora", "version", "man", "completion zsh", "push --help",
		"ls -i alice.key --server bob.pub ws://" + s.addr,
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			var stderr strings.Builder
			args := append([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", out.Name(),
				"-e", "trace=close", "-e", "inject=close:error=EDQUOT", "pqenc"}, strings.Fields(command)...)
			code := runIn(t, dir, nil, out, &stderr, args...)
			if code != exitIO || !strings.HasSuffix(stderr.String(), "error: close /dev/stdout: disk quota exceeded\n") {
				t.Errorf("exit code %d: %s", code, &stderr)
			}
		})
	}
}

// TestClosedStreams runs commands with standard streams that are closed.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	writeIn(t, dir, "in", []byte("contents"))
	writeIn(t, dir, "in.pqe", sealed(t, []byte("contents")))
	for _, test := range []struct {
		command string
		code    int
	}{
		{"pqenc -r alice.pub in >&-", exitIO},
		{"pqenc -d -i alice.key in.pqe >&-", exitIO},
		{"pqenc -r alice.pub <&-", exitIO},
		{"pqenc -d -i alice.key -o out <&-", exitIO},
		{"pqenc inspect <&-", exitIO},
		{"pqenc -r alice.pub -o /dev/stdout in >&-", exitIO},
		{"pqenc -d -i alice.key -o /dev/fd/1 in.pqe >&-", exitIO},
		{"pqenc -r alice.pub /dev/stdin <&-", exitIO},
		{"pqenc -r alice.pub -o /dev/stdout in >/dev/null", exitOK},
		{"pqenc -r alice.pub /dev/stdin </dev/null >out", exitOK},
		{"pqenc -r alice.pub in >/dev/null", exitOK},
		{"pqenc -r alice.pub </dev/null >out", exitOK},
		{"pqenc -r alice.pub -o out in <&- >&- 2>&-", exitOK},
		{"pqenc verify -i alice.key in.pqe 1<>/dev/null", exitOK}, // as other programs pass it on
	} {
		var stderr strings.Builder
		code := runIn(t, dir, nil, nil, &stderr, "sh", "-c", test.command)
		if code != test.code || (code == exitIO) != strings.Contains(stderr.String(), errClosed.Error()) {
			t.Errorf("%s: exit code %d, want %d: %s", test.command, code, test.code, &stderr)
		}
	}
}

// TestInputChanges truncates and extends a file while it is read.
func TestInputChanges(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	plain := make([]byte, 64<<20)
	for _, test := range []struct {
		file    []byte
		command []string
	}{
		{plain, []string{"-r", "alice.pub", "in"}},
		{sealed(t, plain), []string{"-d", "-i", "alice.key", "in"}},
	} {
		for how, change := range map[string]int64{"shorter": -5 << 20, "longer": 1} {
			size := int64(len(test.file))
			writeIn(t, dir, "in", test.file)
			r, w := pipe(t)
			var stderr strings.Builder
			cmd := exec.Command("pqenc", test.command...)
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
			w.Close()
			// It has started, and is blocked by the full pipe.
			if _, err := io.ReadFull(r, make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(filepath.Join(dir, "in"), size+change); err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, r)
			code, err := exitCode(cmd.Wait())
			want, wantCode := fmt.Sprintf("read in: the file has become %s: it had %d bytes\n", how, size), exitIO
			if how == "longer" && test.command[0] == "-r" { // the original part is encrypted
				want, wantCode = fmt.Sprintf("warning: read in: the file grew while it was read: its first %d bytes were used\n", size), exitUnsteady
			}
			if err != nil || code != wantCode || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: exit code %d, %v: %s", test.command, code, err, &stderr)
			}
		}
	}
}

// TestSizelessInput reads a file that has contents but the size 0.
func TestSizelessInput(t *testing.T) {
	in, err := quietApp().openInput("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if text, err := io.ReadAll(in.reader()); err != nil || !strings.Contains(string(text), "VmPeak:") || in.size != -1 {
		t.Errorf("%d bytes, %v; size %d", len(text), err, in.size)
	}
}

// TestSameDevice uses a block device as input and output.
func TestSameDevice(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	need(t, "losetup")
	dir := newFolder(t)
	sparse(t, filepath.Join(dir, "image"), 1<<20)
	attached, err := exec.Command("losetup", "--show", "-f", filepath.Join(dir, "image")).Output()
	if err != nil {
		t.Skip("no loop devices here: ", err)
	}
	loop := strings.TrimSpace(string(attached))
	t.Cleanup(func() { exec.Command("losetup", "-d", loop).Run() })
	info, err := os.Stat(loop)
	if err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(dir, "alias")
	if err := unix.Mknod(alias, unix.S_IFBLK|0o600, int(info.Sys().(*syscall.Stat_t).Rdev)); err != nil {
		t.Skip(err)
	}
	for _, command := range []string{
		"pqenc -r alice.pub -o LOOP LOOP", "pqenc -r alice.pub -o alias LOOP", "pqenc -r alice.pub <LOOP >LOOP",
		"pqenc -r alice.pub -o LOOP <alias", "pqenc -r alice.pub alias >LOOP",
	} {
		var stderr strings.Builder
		code := runIn(t, dir, nil, nil, &stderr, "sh", "-c", strings.ReplaceAll(command, "LOOP", loop))
		if code != exitUsage || !strings.Contains(stderr.String(), "is the input") {
			t.Errorf("%s: exit code %d: %s", command, code, &stderr)
		}
	}
	if content, err := os.ReadFile(loop); err != nil || !bytes.Equal(content, make([]byte, 1<<20)) {
		t.Errorf("the device has changed: %v", err)
	}
}

// TestAllowPipe uses a pipe as the access list, which must not block.
func TestAllowPipe(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	if err := unix.Mkfifo(filepath.Join(dir, "allow"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := pqencIn(t, dir, "serve", "--dir", "store", "--listen", "127.0.0.1:0", "-i", "bob.key", "--allow", "allow")
	if code != exitIO || !strings.Contains(stderr, "open allow: it is not a regular file") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// TestAllowBecomesPipe replaces the access list of a running server with a pipe: the
// server keeps the old list, and stops when told.
func TestAllowBecomesPipe(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := startServing(t, newFolder(t))
	if err := os.Remove(filepath.Join(s.dir, "allow")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(s.dir, "allow"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := await("the new list", func() bool {
		for _, err := range s.client().List(t.Context(), "") {
			if err != nil {
				return false
			}
		}
		return s.logs("access list has errors")
	}); err != nil {
		t.Error(err)
	}
	if code := s.end(t, syscall.SIGTERM); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestStoppedPrompt suspends a command with Ctrl-Z while it asks for a passphrase: the
// shell gets a terminal with echo.
func TestStoppedPrompt(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `set -m; pqenc -d pw.pqe; echo stopped; read -r line; fg >/dev/null; echo $?`)
	cmd.Dir = newFolder(t)
	p := begin(t, cmd)
	if !p.sees("passphrase for pw.pqe: ") || p.echoes(t) {
		t.Fatalf("the terminal shows %q", p.screen.String())
	}
	p.types("\x1a")
	if !p.sees("stopped") || !p.echoes(t) {
		t.Fatalf("the terminal stays silent, and shows %q", p.screen.String())
	}
	p.types("continue\n")
	if !p.sees("passphrase for pw.pqe: ") || p.echoes(t) {
		t.Fatalf("it is not silent again: %q", p.screen.String())
	}
	p.types(passphrase + "\n")
	if !p.sees("contents\r\n") || !p.sees("0\r\n") || !p.echoes(t) {
		t.Errorf("the terminal shows %q", p.screen.String())
	}
	p.leaves()
	cmd.Wait()
}
