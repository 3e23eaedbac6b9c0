// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine describes the machine and the programs, in lines of Markdown.
func (b *bench) machine(ctx context.Context) []string {
	lines := []string{
		"- " + time.Now().UTC().Format("2006-01-02") + ", " + cpu(ctx) + ", " + cores() + ", " + memory() + ", " + kernel(),
		"- files in " + fileSystem(b.options.dir) + "; Go " + strings.TrimPrefix(runtime.Version(), "go") + ", " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	for _, t := range b.tools {
		if t.version != "" {
			lines = append(lines, "- "+strings.TrimSpace(t.version))
		}
	}
	return lines
}

// cpu names the processor.
func cpu(ctx context.Context) string {
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		return cpuModel(bufio.NewScanner(f))
	}
	name, err := exec.CommandContext(ctx, "sysctl", "-n", "machdep.cpu.brand_string").Output()
	if err != nil {
		return "a processor without a name"
	}
	return strings.TrimSpace(string(name))
}

// cpuModel reads it from /proc/cpuinfo.
func cpuModel(lines *bufio.Scanner) string {
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "a processor without a name"
}

func cores() string {
	n := runtime.NumCPU()
	if n == 1 {
		return "1 core"
	}
	return strconv.Itoa(n) + " cores"
}

// memory describes the amount of memory, if the system reports it.
func memory() string {
	n := meminfo("MemTotal")
	if n == 0 {
		return "memory unknown"
	}
	return strconv.FormatInt((n+1<<29)>>30, 10) + " GiB of memory"
}

// availableMemory returns how many bytes programs can still get, or 0 if the system does
// not report it.
func availableMemory() int64 { return meminfo("MemAvailable") }

// meminfo returns a line of /proc/meminfo, in bytes.
func meminfo(name string) int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == name+":" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// fileSystem describes the storage of a folder.
func fileSystem(dir string) string {
	if inMemory(dir) {
		return "memory-backed storage"
	}
	return "a folder that is not backed by memory"
}
