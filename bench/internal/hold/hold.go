// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Package hold keeps free memory in a virtual machine, so that a benchmark in
// memory-backed storage does not wait for pages from the host.
package hold

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// held is what [Run] prints when it holds.
const held = "held\n"

// Start returns when that many MiB are held by a new process: the memory of a process
// counts for the processes that it starts, too. program is a file whose
// "hold MIB" calls [Run]. The process ends with this one, or by a signal.
func Start(program string, mib int) (*exec.Cmd, error) {
	cmd := exec.Command(program, "hold", strconv.Itoa(mib))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // which closes when this process dies
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(out, make([]byte, len(held))); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("hold %d MiB: %w", mib, err)
	}
	return cmd, nil
}
