// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// ownGroup does nothing on systems without process groups.
func ownGroup(*exec.Cmd) bool { return false }

// terminate kills a process.
func terminate(p *os.Process, _ bool) { p.Kill() }

// interruptedBy returns false on systems without signals.
func interruptedBy(*os.ProcessState) bool { return false }
