// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestInterruptedNew interrupts a command whose output is new, or not a file.
func TestInterruptedNew(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-r alice.pub -o new":       "pqenc: interrupted: new was not written\n",
		"-q -r alice.pub -o new":    "pqenc: interrupted: new was not written\n",
		"-r alice.pub -o /dev/null": "pqenc: interrupted: /dev/null got only a part\n",
		"-r alice.pub":              "pqenc: interrupted: standard output got only a part\n",
	} {
		c := startCopying(t, "pqenc", strings.Fields(args)...)
		c.halfWay(t, zeros)
		c.Process.Signal(os.Interrupt)
		if code := c.end(t); code != 130 || c.stderr.String() != want {
			t.Errorf("%s: exit code %d, it says %q, want %q", args, code, c.stderr.String(), want)
		}
		if left := c.temporaries(); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	}
}

// TestInterruptedFiles interrupts a command that waits for one of its files.
func TestInterruptedFiles(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command("pqenc", "-r", "alice.pub", "pw", "gone", "pipe", "-o", "out/")
	cmd.Dir, cmd.Stderr = dir, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	if err := await("an output", func() bool { _, err := os.Stat(filepath.Join(dir, "out", "pw.pqe")); return err == nil }); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	code, err := exitCode(cmd.Wait())
	// It may have been interrupted just before it counted them.
	want := regexp.MustCompile(`\npqenc: interrupted: (0|1) of 3 files encrypted, 1 failed: run the same command again( with --skip-existing)? for the rest\n$`)
	if code != 130 || err != nil || !want.MatchString(stderr.String()) {
		t.Errorf("exit code %d, %v, it says %q", code, err, stderr.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "out", "*")); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

// TestInterruptedPush interrupts pushes while the connection stalls. That of an encrypted
// file can be resumed.
func TestInterruptedPush(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	server := "--server=" + testkit.Identity("server").Fingerprint().String()
	writeIn(t, dir, "in", bytes.Repeat(zeros, 3))
	writeIn(t, dir, "in.pqe", sealed(t, bytes.Repeat(zeros, 3)))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "folder/a.pqe", sealed(t, nil))
	writeIn(t, dir, "folder/b.pqe", sealed(t, bytes.Repeat(zeros, 3)))
	acknowledged := regexp.MustCompile(`[1-9]\.\d/30 MiB`)
	for _, c := range []struct{ args, want string }{
		{"in.pqe URL/in.pqe", `in.pqe was not pushed; the server keeps [0-9.]+ MiB of in.pqe for a while: run the same command again to resume`},
		{"-r alice.pub in URL/in", `in was not pushed, and the next push starts from the beginning`},
		{"folder/ URL/folder/", `1 of 2 files pushed; the server keeps [0-9.]+ MiB of folder/b.pqe for a while: run the same command again with --skip-existing to resume`},
	} {
		host := newStallingPush(t, s.host, 20_000_000)
		cmd := exec.Command("pqenc", append([]string{"push", "-i", "alice.key", server}, strings.Fields(strings.ReplaceAll(c.args, "URL", "ws://"+host))...)...)
		cmd.Dir = dir
		p := begin(t, cmd)
		for !acknowledged.MatchString(p.screen.String()) && p.look() {
		}
		p.types("\x03")
		screen := p.leaves()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 || !regexp.MustCompile(`\rpqenc: interrupted: `+c.want+`\r\n$`).MatchString(screen) {
			t.Errorf("%s: exit code %d, the terminal shows %q", c.args, code, screen)
		}
	}
}

// newStallingPush returns the address of a proxy that forwards the given number of bytes
// to the server, and then stalls.
func newStallingPush(t *testing.T, to string, bytes int64) (host string) {
	t.Helper()
	return newForwarder(t, to, func(client, server net.Conn) {
		go io.CopyN(server, client, bytes)
		io.Copy(client, server)
		client.Close()
	})
}
