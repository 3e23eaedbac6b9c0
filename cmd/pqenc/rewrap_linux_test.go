// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

// TestRewrapStopped kills and interrupts the command at random times. Every file must
// then be the old one or the new one.
func TestRewrapStopped(t *testing.T) {
	testkit.Long(t)
	for _, inPlace := range []bool{false, true} {
		for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			t.Run(fmt.Sprint(inPlace, signal), func(t *testing.T) {
				t.Parallel()
				testRewrapStopped(t, inPlace, signal)
			})
		}
	}
}

func testRewrapStopped(t *testing.T, inPlace bool, signal syscall.Signal) {
	dir := t.TempDir()
	for name, content := range people() {
		writeIn(t, dir, name, content)
	}
	if err := os.Mkdir(filepath.Join(dir, "run7"), 0o777); err != nil {
		t.Fatal(err)
	}
	contents := testkit.Contents(20000)
	for i := range 100 {
		writeIn(t, dir, fmt.Sprintf("run7/%d.pqe", i), testkit.Sealed(len(contents)))
	}
	stopped := 0
	for round := range 20 {
		args := []string{"rewrap", "-q", "-i", "alice.key", "-i", "bob.key", "-r", [...]string{"alice.pub", "bob.pub"}[round%2], "run7"}
		if inPlace {
			args = append(args, "--in-place")
		}
		cmd := exec.Command("pqenc", args...)
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		cmd.Process.Signal(signal)
		if cmd.Wait() != nil {
			stopped++
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "run7", ".*")); signal == syscall.SIGINT && len(left) > 0 {
			t.Errorf("it left %q", left)
		}
		if code, _, stderr := pqencIn(t, dir, "rewrap", "-q", "--repair", "run7"); code != exitOK {
			t.Error(stderr)
		}
		for i := range 100 {
			requireOpens(t, filepath.Join(dir, fmt.Sprintf("run7/%d.pqe", i)), contents)
		}
	}
	if stopped == 0 {
		t.Error("it was never stopped before its end")
	}
}

// requireOpens requires that alice or bob can read the file.
func requireOpens(t *testing.T, name string, contents []byte) {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pqenc.Decrypt(bytes.NewReader(file), testkit.Identity("alice"), testkit.Identity("bob"))
	var got []byte
	if err == nil {
		got, err = io.ReadAll(r)
	}
	if err != nil || !bytes.Equal(got, contents) {
		t.Errorf("%s: %d bytes, %v", filepath.Base(name), len(got), err)
	}
}

// TestRewrapAtOnce runs several commands on the same files. Each either changes a file or
// reports that another one is changing it, and no change is lost.
func TestRewrapAtOnce(t *testing.T) {
	for _, how := range [][]string{{"--add", "--add"}, {"--in-place", "--in-place"}, {"--add", "--in-place"}} {
		dir := t.TempDir()
		for name, content := range people() {
			writeIn(t, dir, name, content)
		}
		if code, _, stderr := pqencIn(t, dir, "-r", "alice.pub", "--reserve", "20", "-o", "in.pqe", "alice.pub"); code != exitOK {
			t.Fatal(stderr)
		}
		var commands []*exec.Cmd
		for i := range 12 {
			args := []string{"rewrap", "-i", "alice.key", "--add", "-r", "bob.pub", "in.pqe"}
			if how[i%2] == "--in-place" {
				args = append(args, "--in-place")
			}
			cmd := exec.Command("pqenc", args...)
			cmd.Dir, cmd.Stderr = dir, new(strings.Builder)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			commands = append(commands, cmd)
		}
		added := 0
		for _, cmd := range commands {
			if cmd.Wait() == nil {
				added++
			} else if said := fmt.Sprint(cmd.Stderr); !strings.Contains(said, "is being written by another process") && !strings.Contains(said, "meanwhile") {
				t.Errorf("%s: %s", how, said)
			}
		}
		_, stdout, _ := pqencIn(t, dir, "inspect", "in.pqe")
		if want := fmt.Sprintf("stanzas     %d hybrid", added+1); added == 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: %d commands were well:\n%s", how, added, stdout)
		}
	}
}
