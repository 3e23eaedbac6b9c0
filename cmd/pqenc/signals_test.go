// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

const oldContent = "old content"

// copying is a command that replaces the file "out" with data from a pipe that stays
// open.
type copying struct {
	*exec.Cmd
	dir    string
	stdin  io.WriteCloser
	stderr strings.Builder
}

// startCopying starts it in a folder with an old "out".
func startCopying(t *testing.T, name string, args ...string) *copying {
	t.Helper()
	testkit.Long(t)
	c := &copying{Cmd: exec.Command(name, args...), dir: newFolder(t)}
	c.Dir, c.Stderr = c.dir, &c.stderr
	if err := os.WriteFile(filepath.Join(c.dir, "out"), []byte(oldContent), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.stdin, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c
}

// newFolder returns a folder with the files of all people.
func newFolder(t *testing.T) string {
	dir := t.TempDir()
	for name, content := range people() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (c *copying) temporaries() []string {
	names, _ := filepath.Glob(filepath.Join(c.dir, ".*"))
	return names
}

// zeros is larger than any pipe buffer. As memory that is not written, it costs the many
// processes of this binary nothing.
var (
	zeros        = tenMebibytes[:]
	tenMebibytes [10 << 20]byte
)

// halfWay waits until the command has read most of the 10 MiB of input, and waits for
// more.
func (c *copying) halfWay(t *testing.T, input []byte) {
	t.Helper()
	if _, err := c.stdin.Write(input); err != nil {
		t.Fatal(err, c.stderr.String())
	}
	if len(c.temporaries()) > 1 { // or it has no name
		t.Fatalf("temporary files: %q", c.temporaries())
	}
}

// end waits for the command, and returns its exit code.
func (c *copying) end(t *testing.T) int {
	t.Helper()
	code, err := exitCode(c.Wait())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// endsBy sends a signal that the command can handle, and requires the given exit code, a
// message that the old file is unchanged, and no leftovers.
func (c *copying) endsBy(t *testing.T, sig syscall.Signal, want int) {
	t.Helper()
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	by := map[syscall.Signal]string{syscall.SIGINT: "", syscall.SIGTERM: " by SIGTERM", syscall.SIGHUP: " by SIGHUP", syscall.SIGQUIT: " by SIGQUIT"}[sig]
	line := "pqenc: interrupted" + by + ": out was not replaced\n"
	if code := c.end(t); code != want || c.stderr.String() != line {
		t.Errorf("exit code %d, want %d, and it says %q, want %q", code, want, c.stderr.String(), line)
	}
	if c.out(t) != oldContent {
		t.Error("the old file has changed")
	}
	if left := c.temporaries(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func (c *copying) out(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// skipIgnored skips a test if the signal is ignored, as under nohup, which pqenc
// respects.
func skipIgnored(t *testing.T, sig os.Signal) {
	if signal.Ignored(sig) {
		t.Skip(sig, "is ignored here")
	}
}

var encrypting = []string{"-r", "alice.pub", "-o", "out"}

// TestInterrupted interrupts the command halfway, with every signal that it can handle:
// nothing is left.
func TestInterrupted(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129, syscall.SIGQUIT: 131} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			skipIgnored(t, sig)
			c := startCopying(t, "pqenc", encrypting...)
			c.halfWay(t, zeros)
			c.endsBy(t, sig, want)
		})
	}
}

// TestInterruptedVerification interrupts a decryption before the signature at the end of
// the file.
func TestInterruptedVerification(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	c := startCopying(t, "pqenc", "-d", "-i", "alice.key", "--from", "bob.pub", "-o", "out")
	file := signed(t, make([]byte, 20<<20), testkit.Identity("alice").Public(), testkit.Identity("carol").Public())
	c.halfWay(t, file[:10<<20])
	c.endsBy(t, syscall.SIGINT, 130)
}

// signed returns a file signed by bob.
func signed(t *testing.T, contents []byte, to ...pqenc.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, testkit.Identity("bob"), "", to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestKilled kills the command: the file is still unchanged.
func TestKilled(t *testing.T) {
	t.Parallel()
	c := startCopying(t, "pqenc", encrypting...)
	c.halfWay(t, zeros)
	c.Process.Kill()
	if code := c.end(t); code != 137 {
		t.Errorf("exit code %d", code)
	}
	if c.out(t) != oldContent {
		t.Error("the old file has changed")
	}
	if left := c.temporaries(); len(left) > 0 && runtime.GOOS == "linux" {
		t.Errorf("left %q", left)
	}
}

// TestNohup sends SIGHUP to a command that was told to ignore it.
func TestNohup(t *testing.T) {
	t.Parallel()
	c := startCopying(t, "sh", "-c", `trap "" HUP; exec pqenc -r alice.pub -o out`)
	c.halfWay(t, zeros)
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	c.stdin.Close()
	if code := c.end(t); code != exitOK {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	code, stdout, stderr := pqencIn(t, c.dir, "-d", "-i", "alice.key", "out")
	if code != exitOK || stdout != string(make([]byte, 10<<20)) {
		t.Errorf("exit code %d, %d bytes: %s", code, len(stdout), stderr)
	}
}

// TestBackground sends the signals of the keyboard to a command that a shell without job
// control started in the background.
func TestBackground(t *testing.T) {
	t.Parallel()
	c := startCopying(t, "sh", "-c", `trap "" INT QUIT; exec pqenc -r alice.pub -o out`)
	c.halfWay(t, zeros)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGQUIT} {
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	c.stdin.Close()
	if code := c.end(t); code != exitOK {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
}

// TestCutPipe truncates the input of a decryption, also at the end of a chunk.
func TestCutPipe(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	file := sealed(t, make([]byte, 20<<20))
	for _, length := range []int{0, 7, 4096, 4096 + 4<<20 + 16, len(file) - 1} {
		c := startCopying(t, "pqenc", "-d", "-i", "alice.key", "-o", "out")
		if _, err := c.stdin.Write(file[:length]); err != nil {
			t.Fatal(err)
		}
		c.stdin.Close()
		if code := c.end(t); code != exitDamaged {
			t.Errorf("exit code %d after %d bytes", code, length)
		}
		if c.out(t) != oldContent {
			t.Errorf("the old file has changed after %d bytes", length)
		}
		if left := c.temporaries(); len(left) > 0 {
			t.Errorf("left %q after %d bytes", left, length)
		}
	}
}

// sealed returns an encrypted file for alice.
func sealed(t *testing.T, contents []byte) []byte {
	t.Helper()
	dir := newFolder(t)
	if err := os.WriteFile(filepath.Join(dir, "in"), contents, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := pqencIn(t, dir, "-r", "alice.pub", "in")
	if code != exitOK {
		t.Fatal(stderr)
	}
	return []byte(stdout)
}
