// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestObjectsAtTerminal lists objects at a terminal, and deletes them.
func TestObjectsAtTerminal(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	s := startServing(t, dir)
	url := "ws://" + s.addr + "/a/"
	for _, name := range []string{"one", "two", "three"} {
		writeIn(t, dir, name, []byte(name))
	}
	if code, _, stderr := pqencIn(t, dir, "push", "-q", "-i", "alice.key", "--server", "bob.pub", "-r", "alice.pub", "one", "two", "three", url); code != exitOK {
		t.Fatal(stderr)
	}
	talk := func(answer string, args ...string) (screen string, code int) {
		cmd := exec.Command("pqenc", append([]string{args[0], "-i", "alice.key", "--server", "bob.pub"}, args[1:]...)...)
		cmd.Dir = dir
		p := begin(t, cmd)
		if answer != "" && p.sees("? [yes/no]: ") {
			p.types(answer)
		}
		screen = strings.ReplaceAll(p.leaves(), "\r\n", "\n")
		cmd.Wait()
		return screen, cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		answer string
		args   []string
		want   string // of the screen
		code   int
	}{
		{"", []string{"ls", url}, `^a/one\.pqe    a/three\.pqe  a/two\.pqe\n3 objects \(\S+ KiB\)\n$`, exitOK},
		{"", []string{"ls", "-l", url + "t*"}, `^ +\S+ KiB  20\S+ \S+ UTC  a/three\.pqe\n.*  a/two\.pqe\n2 objects \(\S+ KiB\)\n$`, exitOK},
		{"", []string{"ls", url + "none"}, `^0 objects.*\n$`, exitOK},
		{"no\n", []string{"rm", url + "*"}, `^Delete 3 objects \(\S+ KiB\)\? \[yes/no\]: no\npqenc: error: nothing was deleted\n$`, exitUsage},
		{"", []string{"rm", url + "o*"}, `^$`, exitOK},
		{"", []string{"rm", "-f", url + "none", url + "none2"}, `2 of 2 objects failed\n$`, exitSomeFailed},
		{"yes\n", []string{"rm", "-r", url}, `^Delete 2 objects \(\S+ KiB\)\? \[yes/no\]: yes\npqenc: 2 objects deleted\n$`, exitOK},
	} {
		if screen, code := talk(c.answer, c.args...); code != c.code || !regexp.MustCompile(c.want).MatchString(screen) {
			t.Errorf("pqenc %s: exit code %d, the terminal shows %q", strings.Join(c.args, " "), code, screen)
		}
	}
}
