// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestCopiesStopped kills and interrupts the command at random times. Every existing
// output must then be complete, and the next run completes the rest.
func TestCopiesStopped(t *testing.T) {
	testkit.Long(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(fmt.Sprint(signal), func(t *testing.T) {
			t.Parallel()
			testCopiesStopped(t, signal)
		})
	}
}

func testCopiesStopped(t *testing.T, signal syscall.Signal) {
	dir := newFolder(t)
	contents := testkit.Contents(200_000)
	const count = 60
	for i := range count {
		name := fmt.Sprintf("run/%d/%d", i%3, i)
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		writeIn(t, dir, name, contents)
	}
	stopped := 0
	for _, args := range [][]string{{"-r", "alice.pub", "run/", "-o", "enc/"}, {"-d", "-i", "alice.key", "enc/", "-o", "back/"}} {
		out := filepath.Join(dir, args[len(args)-1])
		for range 12 {
			cmd := exec.Command("pqenc", append([]string{"-q", "--no-clobber"}, args...)...)
			cmd.Dir = dir
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
			cmd.Process.Signal(signal)
			if cmd.Wait() != nil {
				stopped++
			}
			for _, name := range filesBelow(t, out) {
				switch hidden := strings.HasPrefix(filepath.Base(name), "."); {
				case hidden && signal == syscall.SIGINT:
					t.Errorf("it left %s", name)
				case hidden: // a temporary file of a killed process
				case args[0] == "-d":
					if got, err := os.ReadFile(name); !bytes.Equal(got, contents) || err != nil {
						t.Errorf("%s has %d bytes, %v", name, len(got), err)
					}
				default:
					requireOpens(t, name, contents)
				}
			}
			if rand.IntN(3) == 0 {
				os.RemoveAll(out)
			}
		}
		if code, _, stderr := pqencIn(t, dir, append([]string{"-q", "--no-clobber"}, args...)...); code != exitOK {
			t.Error(stderr)
		}
	}
	if stopped == 0 {
		t.Error("it was never stopped before its end")
	}
	if back := filesBelow(t, filepath.Join(dir, "back")); len(back) != count {
		t.Errorf("%d files came back", len(back))
	}
}

// filesBelow returns the files in and below a folder, which need not exist.
func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return names
}
