// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

// shedProgram gives back what starting up has taken, right before a long copy:
// garbage, and the memory of the program's own code and constants. That is
// megabytes that a copy never needs, most of it the server's, and what it does need
// comes back from the page cache. Other mappings that look constant are not: the
// loader has written to them.
func shedProgram() {
	debug.FreeOSMemory()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	constant := uintptr(unsafe.Pointer(unsafe.StringData(description)))
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		var begin, end uintptr
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &begin, &end, &mode); err != nil {
			return
		}
		code := mode == "r-xp"
		constants := mode == "r--p" && begin <= constant && constant < end
		if code || constants {
			unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_DONTNEED)
		}
	}
}
