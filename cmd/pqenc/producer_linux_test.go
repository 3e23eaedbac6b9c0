// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lasting is a command for --from-command that writes "ready" to the pipe "life", and
// keeps it open as long as it or its child lives.
const lasting = `exec 9>life; cat in; echo ready >&9; sleep 1000; true`

// life returns what is written to the pipe until nobody has it open.
func life(t *testing.T, dir string) (ready, ended <-chan error) {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(dir, "life"), 0o600); err != nil {
		t.Fatal(err)
	}
	begun, over := make(chan error, 1), make(chan error, 1)
	go func() {
		f, err := os.Open(filepath.Join(dir, "life"))
		if err != nil {
			begun <- err
			return
		}
		defer f.Close()
		_, err = io.ReadFull(f, make([]byte, len("ready\n")))
		begun <- err
		_, err = io.Copy(io.Discard, f)
		over <- err
	}()
	return begun, over
}

func soon(t *testing.T, what string, happens <-chan error) {
	t.Helper()
	select {
	case err := <-happens:
		if err != nil {
			t.Fatal(what, err)
		}
	case <-time.After(eventually):
		t.Fatal(what, "is not so")
	}
}

func folderForCommands(t *testing.T) string {
	dir := newFolder(t)
	writeIn(t, dir, "in", []byte("contents\n"))
	writeIn(t, dir, "out", []byte(oldContent))
	return dir
}

func fromCommandIn(dir, script string) *exec.Cmd {
	cmd := exec.Command("pqenc", "-r", "alice.pub", "-o", "out", "--from-command", "--", "sh", "-c", script)
	cmd.Dir = dir
	return cmd
}

// TestCommandEnds sends a signal to pqenc alone: the command and its children end as
// well, and nothing is written.
func TestCommandEnds(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		dir := folderForCommands(t)
		ready, ended := life(t, dir)
		cmd := fromCommandIn(dir, lasting)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		soon(t, "the command is ready", ready)
		cmd.Process.Signal(sig)
		if code, err := exitCode(cmd.Wait()); code != want {
			t.Errorf("exit code %d, %v", code, err)
		}
		soon(t, "the command has ended", ended)
		if content, err := os.ReadFile(filepath.Join(dir, "out")); string(content) != oldContent {
			t.Errorf("the old file is %q, %v", content, err)
		}
	}
}

// TestCommandEndsWithOutput requires that the command ends after a full disk, or when the
// reader exits.
func TestCommandEndsWithOutput(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	dir := folderForCommands(t)
	ready, ended := life(t, dir)
	cmd := exec.Command("pqenc", "-r", "alice.pub", "-o", "/dev/full", "--from-command", "--", "sh", "-c",
		`exec 9>life; echo ready >&9; trap "" PIPE; head -c 30000000 /dev/zero; sleep 1000; true`)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if code, err := exitCode(cmd.Run()); code != exitIO {
		t.Errorf("exit code %d, %v", code, err)
	}
	soon(t, "the command is ready", ready)
	soon(t, "the command has ended", ended)
}

// TestCommandAtTerminal has a command that asks the user, which no background process
// could.
func TestCommandAtTerminal(t *testing.T) {
	dir := folderForCommands(t)
	cmd := fromCommandIn(dir, `printf "password: " >/dev/tty; read -r x </dev/tty; echo "$x"`)
	p := begin(t, cmd)
	if !p.sees("password: ") {
		t.Fatalf("the terminal shows %q", p.screen.String())
	}
	p.types("secret\n")
	p.leaves()
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK {
		t.Fatalf("exit code %d: %s", cmd.ProcessState.ExitCode(), p.screen.String())
	}
	if _, stdout, stderr := pqencIn(t, dir, "-d", "-i", "alice.key", "out"); stdout != "secret\n" {
		t.Errorf("the file holds %q; %s", stdout, stderr)
	}
}

// TestCommandCtrlC presses Ctrl-C at that question.
func TestCommandCtrlC(t *testing.T) {
	dir := folderForCommands(t)
	ready, ended := life(t, dir)
	cmd := fromCommandIn(dir, lasting)
	p := begin(t, cmd)
	soon(t, "the command is ready", ready)
	p.types("\x03")
	screen := p.leaves()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if strings.TrimPrefix(screen, "^C") != "pqenc: interrupted: out was not replaced\r\n" {
		t.Errorf("the terminal shows %q", screen)
	}
	soon(t, "the command has ended", ended)
	if content, err := os.ReadFile(filepath.Join(dir, "out")); string(content) != oldContent {
		t.Errorf("the old file is %q, %v", content, err)
	}
}
