// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) bool { return false }

// terminate ends a process.
func terminate(p *os.Process, _ bool) { p.Kill() }

// interruptedBy does not know what ended a process where there are no signals.
func interruptedBy(*os.ProcessState) bool { return false }
