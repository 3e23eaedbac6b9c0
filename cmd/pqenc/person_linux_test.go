// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pqenc/pqenc/internal/testkit"
)

// person sits at a terminal and waits for what appears on it.
type person struct {
	terminal *os.File // the side of the person
	screen   strings.Builder
	read     int      // bytes of screen that have been waited for
	leave    *os.File // closing it lets the terminal go
}

// leader leads the session of a terminal, runs a command in it, says when that
// has ended, and waits. Without it the end of the command would hang up the
// terminal: what was not yet read would be lost, and its modes be reset.
const leader = `trap : INT TERM HUP QUIT; "$@"; code=$?; printf '\000' >&3; read -r _ <&4; exit $code`

const ended = "\x00"

// line is what a person does: wait for a text, then type.
type line struct{ await, answer string }

// newTerminal returns the side of the person and that of the programs.
func newTerminal(t *testing.T) (terminal, tty *os.File) {
	t.Helper()
	testkit.Long(t)
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { terminal.Close() })
	fd := int(terminal.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return terminal, tty
}

// begin starts a command in a terminal of its own. Standard streams that are
// not set are that terminal.
func begin(t *testing.T, cmd *exec.Cmd) *person {
	t.Helper()
	terminal, tty := newTerminal(t)
	defer tty.Close()
	if cmd.Stdin == nil {
		cmd.Stdin = tty
	}
	if cmd.Stdout == nil {
		cmd.Stdout = tty
	}
	if cmd.Stderr == nil {
		cmd.Stderr = tty
	}
	wait, leave, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer wait.Close()
	t.Cleanup(func() { leave.Close() })
	cmd.ExtraFiles = []*os.File{tty, wait}
	cmd.Path = "/bin/sh"
	cmd.Args = append([]string{"sh", "-c", leader, "sh"}, cmd.Args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return &person{terminal: terminal, leave: leave}
}

// sees waits for a text to appear, after the one it waited for before. It
// returns false if the command has gone without showing it.
func (p *person) sees(text string) bool {
	for {
		if i := strings.Index(p.screen.String()[p.read:], text); i >= 0 {
			p.read += i + len(text)
			return true
		}
		if p.gone() || !p.look() {
			return false
		}
	}
}

// talks answers one question after the other, up to one that is not asked, which what is
// shown will tell.
func (p *person) talks(lines []line) {
	for _, l := range lines {
		if !p.sees(l.await) {
			return
		}
		p.types(l.answer)
	}
}

// look reads what comes next, and returns false when nothing can come any more.
func (p *person) look() bool {
	b := make([]byte, 4096)
	n, err := p.terminal.Read(b)
	p.screen.Write(b[:n])
	return err == nil
}

// gone reports whether the command has ended.
func (p *person) gone() bool { return strings.HasSuffix(p.screen.String(), ended) }

// stays returns all that was ever shown, once the command has ended.
func (p *person) stays() string {
	for !p.gone() && p.look() {
	}
	return strings.TrimSuffix(p.screen.String(), ended)
}

// leaves is stays, and then lets the terminal go.
func (p *person) leaves() string {
	screen := p.stays()
	p.leave.Close()
	return screen
}

func (p *person) types(text string) { p.terminal.WriteString(text) }

// echoes reports whether the terminal shows what is typed.
func (p *person) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}
