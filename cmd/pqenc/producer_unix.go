// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup gives the command its own process group, so that all of it can be stopped, and
// reports whether it did. It does not in the foreground of a terminal: Ctrl-C only
// reaches the group of this process, and a command in another group could not ask for a
// password.
func ownGroup(cmd *exec.Cmd) bool {
	if tty, err := os.Open("/dev/tty"); err == nil {
		defer tty.Close()
		if group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP); err == nil && group == unix.Getpgrp() {
			return false
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return true
}

// terminate sends SIGTERM to a process or its whole group.
func terminate(p *os.Process, group bool) {
	if group {
		syscall.Kill(-p.Pid, syscall.SIGTERM)
		return
	}
	p.Signal(syscall.SIGTERM)
}

// interruptedBy reports whether Ctrl-C ended a process.
func interruptedBy(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT
}
