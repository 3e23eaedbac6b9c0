// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the times in /proc, on every architecture that Go knows.
const tick = 10 * time.Millisecond

// serving returns the processor time of all servers so far, including that of their child
// processes that have ended. ok is false if the system does not report it.
func (b *bench) serving() (total time.Duration, ok bool) {
	for _, cmd := range b.servers {
		used, err := processTime(cmd.Process.Pid)
		if err != nil {
			return 0, false
		}
		total += used
	}
	var self syscall.Rusage // the server for TLS runs in this process
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return 0, false
	}
	return total + time.Duration(self.Utime.Nano()+self.Stime.Nano()), true
}

// processTime returns the processor time of a process and its children, from fields
// 14 to 17 of its line (proc(5)).
func processTime(pid int) (total time.Duration, err error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(line), ") ") // after the name, the second field
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * tick
	}
	return total, nil
}
