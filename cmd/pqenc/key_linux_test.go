// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
)

// TestKeyQuestions tests the questions before a key is added, succeeded or removed.
func TestKeyQuestions(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	r := keyring.New(filepath.Join(dir, "ring"))
	alice := testkit.Identity("alice")
	next, err := alice.Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	retired, err := next.Retire()
	if err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "next.pub", next.Public().Marshal())
	writeIn(t, dir, "retired.pub", retired.Public().Marshal())
	one, two := alice.Fingerprint().String(), next.Fingerprint().String()
	question := "The key of alice is " + one + ". Is that right? [yes/no]: "
	successor := "The key of alice is " + two + ". It is the successor of " + one + ". Accept it? [yes/no]: "
	retirement := "The key of alice is " + two + ". Its owner has retired it: nobody should encrypt to it any more. Accept that? [yes/no]: "
	destroy := "me is yours: without it, you cannot decrypt files that were encrypted to it. Destroy the private key? [yes/no]: "
	for _, c := range []struct {
		args   string
		talk   []line
		code   int
		stderr string
		want   string // the fingerprint of alice afterwards, or ""
	}{
		{"key add alice alice.pub", []line{{question, "no\n"}}, exitUsage, "error: alice was not changed\nhint: ask its owner for the fingerprint\n", ""},
		{"key add alice alice.pub", []line{{question, "\x04"}}, exitUsage, "error: alice was not changed\nhint: ask its owner for the fingerprint\n", ""},
		{"key add alice alice.pub", []line{{question, "y\n"}, {`"yes" or "no": `, "yes\n"}}, exitOK, "added alice\n", one},
		{"key add alice alice.pub", nil, exitOK, "alice has this key already\n", one},
		{"key add alice next.pub", []line{{successor, "no\n"}}, exitUsage, "error: alice was not changed\nhint: ask its owner for the fingerprint\n", one},
		{"key add alice next.pub", []line{{successor, "yes\n"}}, exitOK, "alice has a new key\n", two},
		{"key add alice retired.pub", []line{{retirement, "yes\n"}}, exitOK, "alice is retired\n", two},
		{"key add alice retired.pub", nil, exitOK, "alice has this key already\n", two},
		{"key import me bob.key", nil, exitOK, "wrote " + r.PrivateFile("me") + ", which is private, and " + r.PublicFile("me") + "\nme is your default identity\n", two},
		{"key remove me", []line{{destroy, "no\n"}}, exitUsage, "error: me was not removed\n", two},
		{"key remove me", []line{{destroy, "yes\n"}}, exitOK, "removed me\n", two},
		{"key remove alice", nil, exitOK, "removed alice\nhint: a server whose access list names alice still admits that key: remove the name there as well\n", ""},
	} {
		var stdout, stderr strings.Builder
		cmd := exec.Command("pqenc", strings.Fields(c.args)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		cmd.Env = append(os.Environ(), "PQENC_HOME="+filepath.Dir(r.PublicFile("x")))
		p := begin(t, cmd)
		p.talks(c.talk)
		screen := p.leaves()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != c.code {
			t.Errorf("%s, %q: exit code %d, want %d", c.args, c.talk, code, c.code)
		}
		if got := strings.ReplaceAll(stderr.String(), "pqenc: ", ""); got != c.stderr {
			t.Errorf("%s, %q: it says %q, want %q", c.args, c.talk, got, c.stderr)
		}
		if asked := strings.Contains(screen, "[yes/no]"); asked != (c.talk != nil) {
			t.Errorf("%s, %q: the terminal shows %q", c.args, c.talk, screen)
		}
		got := ""
		if e, err := r.Find("alice"); err == nil {
			got = e.Public.Fingerprint().String()
		}
		if got != c.want {
			t.Errorf("%s, %q: alice has the key %q, want %q", c.args, c.talk, got, c.want)
		}
	}
}

// TestInterruptedWait presses Ctrl-C while another process has locked the keyring.
func TestInterruptedWait(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	home := filepath.Join(t.TempDir(), "ring")
	r := keyring.New(home)
	err := r.Locked(func() error {
		cmd := exec.Command("pqenc", "keygen", "me")
		cmd.Env = append(os.Environ(), "PQENC_HOME="+home)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		for !opens(cmd.Process.Pid, filepath.Join(home, ".lock")) {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			return err
		}
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 || stderr.String() != "pqenc: interrupted\n" {
			t.Errorf("exit code %d, %s", code, stderr.String())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := r.Has("me"); found || err != nil {
		t.Error(found, err)
	}
}

// opens reports whether a process has opened a file, or has ended.
func opens(pid int, name string) bool {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(folder)
	for _, f := range files {
		if target, _ := os.Readlink(filepath.Join(folder, f.Name())); target == name {
			return true
		}
	}
	return err != nil
}
