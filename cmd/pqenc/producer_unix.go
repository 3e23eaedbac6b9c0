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

// ownGroup has the command run in a process group of its own, so that all of it can
// be ended, and reports whether it will. It will not in the foreground of a terminal:
// there Ctrl-C reaches the group of this process, and nobody in another one could ask
// for a password.
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

// terminate asks a process to end, or its whole group.
func terminate(p *os.Process, group bool) {
	if group {
		syscall.Kill(-p.Pid, syscall.SIGTERM)
		return
	}
	p.Signal(syscall.SIGTERM)
}

// interruptedBy reports whether a process was ended by Ctrl-C.
func interruptedBy(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT
}
