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

// person is a user at a terminal, who waits for output.
type person struct {
	terminal *os.File // the user's side
	screen   strings.Builder
	read     int      // bytes of screen that were waited for
	leave    *os.File // closing it releases the terminal
}

// leader leads the session of a terminal, runs a command in it, reports its end, and
// waits. Otherwise the end of the command would hang up the terminal: unread output would
// be lost, and its modes would be reset.
const leader = `trap : INT TERM HUP QUIT; "$@"; code=$?; printf '\000' >&3; read -r _ <&4; exit $code`

const ended = "\x00"

// line is one step of a user: wait for a text, then type.
type line struct{ await, answer string }

// newTerminal returns the user's side and the programs' side of a terminal.
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

// begin starts a command in a terminal of its own. Standard streams that are not set use
// the terminal.
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

// sees waits for a text after the one it waited for before. It returns false if the
// command ended without printing it.
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

// talks answers one question after the other, up to one that is not asked: the screen
// will show that.
func (p *person) talks(lines []line) {
	for _, l := range lines {
		if !p.sees(l.await) {
			return
		}
		p.types(l.answer)
	}
}

// look reads more output, and returns false at its end.
func (p *person) look() bool {
	b := make([]byte, 4096)
	n, err := p.terminal.Read(b)
	p.screen.Write(b[:n])
	return err == nil
}

// gone reports whether the command has ended.
func (p *person) gone() bool { return strings.HasSuffix(p.screen.String(), ended) }

// stays waits for the end of the command, and returns all output.
func (p *person) stays() string {
	for !p.gone() && p.look() {
	}
	return strings.TrimSuffix(p.screen.String(), ended)
}

// leaves is like stays, and then releases the terminal.
func (p *person) leaves() string {
	screen := p.stays()
	p.leave.Close()
	return screen
}

func (p *person) types(text string) { p.terminal.WriteString(text) }

// echoes reports whether the terminal echoes input.
func (p *person) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}
