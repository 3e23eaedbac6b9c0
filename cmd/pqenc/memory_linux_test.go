// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func init() { commands["measure"] = measure }

// measure is the command
//
//	measure COMMAND [ARG...]
//
// that prints the maximum resident set of a command in KiB. The kernel counts
// in what the process had that started it, so that must be a small one.
func measure() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
}

// TestMemory requires that the memory does not grow with the file.
func TestMemory(t *testing.T) {
	if testing.Short() || raceDetector() {
		t.Skip("needs the command itself, and copies 1 GiB")
	}
	const limit = 24 << 10 // KiB
	dir := newFolder(t)
	// Not the test binary, which is much larger.
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "pqenc"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	plain, err := os.Create(filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.Truncate(1 << 30); err != nil { // sparse
		t.Fatal(err)
	}
	for _, command := range []string{
		"measure ./pqenc -r alice.pub -o /dev/null in",
		"measure ./pqenc -a -r alice.pub -o /dev/null in",
		"./pqenc -r alice.pub in | measure ./pqenc -d -i alice.key -o /dev/null",
		"./pqenc -a -r alice.pub in | measure ./pqenc -d -i alice.key -o /dev/null",
		"measure ./pqenc -r alice.pub --sign bob.key -o /dev/null in",
		"./pqenc -r alice.pub --sign bob.key in | measure ./pqenc verify -i alice.key --from bob.pub --json",
	} {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		used, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d KiB", command, used)
		if used > limit {
			t.Errorf("%s: it takes %d KiB, more than %d", command, used, limit)
		}
	}
}

// raceDetector says whether it is at work: it multiplies the memory.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
