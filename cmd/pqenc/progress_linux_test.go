// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// slow is a copy that goes on, byte by byte, for as long as somebody wants it.
type slow struct {
	*exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr bytes.Buffer
}

func newSlow(t *testing.T, args ...string) *slow {
	t.Helper()
	s := &slow{Cmd: exec.Command("pqenc", append(args, "-r", "alice.pub")...)}
	s.Dir, s.Stdout = newFolder(t), &s.stdout
	var err error
	if s.stdin, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	return s
}

// feed keeps copies going until stop is closed, and then ends them.
func feed(stop <-chan struct{}, copies ...*slow) {
	for {
		select {
		case <-stop:
			for _, s := range copies {
				s.stdin.Close()
			}
			return
		default:
			for _, s := range copies {
				s.stdin.Write([]byte("x"))
			}
		}
	}
}

// TestProgress runs a copy that shows its progress beside others that must not,
// until it does.
func TestProgress(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	shows := newSlow(t, "--progress=always")
	screen, err := shows.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	silent := []*slow{
		newSlow(t), newSlow(t, "--progress=never"),
		newSlow(t, "-q", "--progress=always"), newSlow(t, "--progress=auto"),
	}
	for _, s := range silent {
		s.Stderr = &s.stderr
	}
	all := append(silent, shows)
	for _, s := range all {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	go feed(stop, all...)
	if _, err := screen.Read(make([]byte, 1)); err != nil {
		t.Error("no progress is shown: ", err)
	}
	close(stop)
	io.Copy(io.Discard, screen)
	for _, s := range all {
		if err := s.Wait(); err != nil {
			t.Errorf("%q: %v", s.Args, err)
		}
		if s.stderr.Len() > 0 {
			t.Errorf("%q shows %q", s.Args, s.stderr.String())
		}
		testOnlyX(t, s)
	}
}

// TestProgressAtTerminal shows progress there without being asked, and leaves
// nothing of it; unless it was told not to.
func TestProgressAtTerminal(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	all := []*slow{newSlow(t), newSlow(t, "-q"), newSlow(t, "--progress=never")}
	var screens []*person
	for _, s := range all {
		screens = append(screens, begin(t, s.Cmd))
	}
	stop := make(chan struct{})
	go feed(stop, all...)
	if p := screens[0]; !p.sees("B ") {
		t.Errorf("the terminal shows %q", p.screen.String())
	}
	close(stop)
	if screen := screens[0].leaves(); !strings.HasSuffix(screen, "\r") {
		t.Errorf("the terminal keeps the end of %q", screen)
	}
	for i, s := range all {
		if screen := screens[i].leaves(); i > 0 && screen != "" {
			t.Errorf("%q shows %q", s.Args, screen)
		}
		if err := s.Wait(); err != nil {
			t.Error(err)
		}
		testOnlyX(t, s)
	}
}

// testOnlyX requires that the copy holds what it was fed, and nothing else.
func testOnlyX(t *testing.T, s *slow) {
	t.Helper()
	cmd := exec.Command("pqenc", "-d", "-i", "alice.key")
	cmd.Dir, cmd.Stdin = s.Dir, &s.stdout
	out, err := cmd.Output()
	if err != nil || len(out) == 0 || strings.Trim(string(out), "x") != "" {
		t.Errorf("%q: %d bytes that are not what it was fed, %v", s.Args, len(out), err)
	}
}
