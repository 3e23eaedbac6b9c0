// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestTerminated ends the program with SIGTERM, as timeout and systemd do, while it is running. No
// process and no folder may be left.
func TestTerminated(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-out", "")
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), demonstrateVariable+"=1", "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "secure mode") { // the processes start now
			cmd.Process.Signal(syscall.SIGTERM)
			break
		}
	}
	for lines.Scan() { // until all processes have closed it
	}
	cmd.Wait()
	if err := syscall.Kill(-cmd.Process.Pid, 0); err != syscall.ESRCH {
		t.Errorf("processes are left: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
