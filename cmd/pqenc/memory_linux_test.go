// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
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

// TestMemory requires that memory does not grow with the file size, or with many
// concurrent pushes.
func TestMemory(t *testing.T) {
	if testing.Short() || raceDetector() {
		t.Skip("needs the command itself, and copies much")
	}
	t.Parallel()
	dir := newFolder(t)
	// Not the test binary, which is much larger.
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "pqenc"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("start", func(t *testing.T) { startOfProcess(t, dir) })
	t.Run("files", func(t *testing.T) { memoryOfFiles(t, dir) })
	s := startServingAfter(t, dir, `PATH="$PWD:$PATH"`) // the one that was built
	t.Run("transfers", func(t *testing.T) { memoryOfTransfers(t, s) })
	t.Run("crowd", func(t *testing.T) { memoryOfCrowd(t, s) })
}

// startOfProcess requires that package initialization allocates little, since every
// process pays for that.
func startOfProcess(t *testing.T, dir string) {
	const most = 300_000 // bytes on the heap
	all := 0
	cmd := exec.Command("./pqenc", "version")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GODEBUG=inittrace=1")
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	inits := regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(text), -1)
	for _, found := range inits {
		bytes, err := strconv.Atoi(found[2])
		if err != nil {
			t.Fatal(err)
		}
		all += bytes
		if bytes > most/4 {
			t.Errorf("package %s makes %d bytes at the start", found[1], bytes)
		}
	}
	if len(inits) < 20 || all > most {
		t.Errorf("%d packages make %d bytes at the start, more than %d:\n%s", len(inits), all, most, text)
	}
}

func memoryOfFiles(t *testing.T, dir string) {
	sparse(t, filepath.Join(dir, "in"), 256<<20)
	for _, command := range []string{
		"measure ./pqenc -r alice.pub -o /dev/null in",
		"measure ./pqenc -a -r alice.pub -o /dev/null in",
		"./pqenc -r alice.pub in | measure ./pqenc -d -i alice.key -o /dev/null",
		"./pqenc -a -r alice.pub in | measure ./pqenc -d -i alice.key -o /dev/null",
		"measure ./pqenc -r alice.pub --sign bob.key -o /dev/null in",
		"./pqenc -r alice.pub --sign bob.key in | measure ./pqenc verify -i alice.key --from bob.pub --json",
		"measure ./pqenc sign -i bob.key --force in",
		"measure ./pqenc verify --from bob.pub --signature in.pqs in",
	} {
		takesAtMost(t, dir, command, 40<<10)
	}
}

// memoryOfTransfers pushes a file, encrypting it on the way, and pulls it to another one.
func memoryOfTransfers(t *testing.T, s *serving) {
	const size = 100_000_000
	sparse(t, filepath.Join(s.dir, "push"), size)
	url := "ws://" + s.addr + "/in.pqe"
	for _, command := range []string{
		"measure ./pqenc push -i alice.key --server bob.pub -r alice.pub push " + url,
		"measure ./pqenc pull -i alice.key --server bob.pub -o pulled " + url,
	} {
		takesAtMost(t, s.dir, command, 64<<10)
	}
	if info, err := os.Stat(filepath.Join(s.dir, "pulled")); err != nil || info.Size() != size {
		t.Errorf("it did not come back: %v", err)
	}
}

// memoryOfCrowd runs many concurrent pushes: none ends before all are halfway.
func memoryOfCrowd(t *testing.T, s *serving) {
	const clients = 20
	file := testkit.Sealed(20_000_000)
	ctx, cancel := context.WithCancel(t.Context()) // when one fails
	defer cancel()
	var half, done sync.WaitGroup
	half.Add(clients)
	all := make(chan struct{})
	go func() { half.Wait(); close(all) }()
	for i := range clients {
		wait := readerFunc(func([]byte) (int, error) {
			half.Done()
			select {
			case <-all:
				return 0, io.EOF
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		begin, end := bytes.NewReader(file[:len(file)/2]), bytes.NewReader(file[len(file)/2:])
		done.Go(func() {
			c := s.client()
			defer c.Close()
			if err := c.Push(ctx, fmt.Sprintf("crowd/%d.pqe", i), io.MultiReader(begin, wait, end), transfer.PushOptions{}); err != nil {
				t.Errorf("client %d: %v", i, err)
				cancel()
			}
		})
	}
	done.Wait()
	for i := range clients {
		got, err := os.ReadFile(filepath.Join(s.dir, fmt.Sprintf("store/crowd/%d.pqe", i)))
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("client %d: %d bytes are stored, %v", i, len(got), err)
		}
	}
	used := s.highWater(t)
	t.Logf("the server: %d KiB", used)
	if limit := (64 + 2*clients) << 10; used > limit {
		t.Errorf("the server takes %d KiB, more than %d", used, limit)
	}
}

// readerFunc is an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// highWater returns the maximum resident set of the server so far, in KiB.
func (s *serving) highWater(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(string(status))
	if m == nil {
		t.Fatalf("%s", status)
	}
	used, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// sparse creates a file of zeros that takes no space.
func sparse(t *testing.T, name string, size int64) {
	t.Helper()
	writeIn(t, filepath.Dir(name), filepath.Base(name), nil)
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}

// takesAtMost runs a command under measure, and compares its memory with the limit in
// KiB.
func takesAtMost(t *testing.T, dir, command string, limit int) {
	t.Helper()
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

// raceDetector reports whether the race detector is active, which multiplies the memory.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
