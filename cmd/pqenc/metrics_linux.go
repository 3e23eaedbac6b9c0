// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// processMetrics returns the metrics of the process from the system, named as in the
// Prometheus client library. It leaves out what cannot be read.
func processMetrics() (all []metric) {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		seconds := float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
		all = append(all, counter("process_cpu_seconds_total", "Processor time, in seconds.", seconds))
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		all = append(all, gauge("process_open_fds", "Open file descriptors.", len(files)))
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		all = append(all, gauge("process_max_fds", "Open file descriptors, at most.", limit.Cur))
	}
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) == nil {
		all = append(all, gauge("process_virtual_memory_max_bytes", "Virtual memory, at most.", limit.Cur))
	}
	if virtual, resident, ok := memory(); ok {
		all = append(all, gauge("process_virtual_memory_bytes", "Virtual memory.", virtual),
			gauge("process_resident_memory_bytes", "Resident memory.", resident))
	}
	return all
}

// memory returns the memory of the process, in bytes.
func memory() (virtual, resident int64, ok bool) {
	data, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 2 {
		return 0, 0, false
	}
	page := int64(os.Getpagesize())
	virtual, err = strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0, 0, false
	}
	resident, err = strconv.ParseInt(string(fields[1]), 10, 64)
	return virtual * page, resident * page, err == nil
}
