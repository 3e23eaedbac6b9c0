// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"syscall"
)

// mostMemory returns the most resident memory that a process has had.
func mostMemory(p *os.ProcessState) string {
	return fmt.Sprintf("%d MB", int64(p.SysUsage().(*syscall.Rusage).Maxrss)*1024/1e6)
}
