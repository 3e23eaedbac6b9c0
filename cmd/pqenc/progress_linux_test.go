// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pqenc/pqenc/internal/testkit"
)

// slow is a copy that continues byte by byte until it is stopped.
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

// feed keeps copies running until stop is closed, and then ends them.
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

// TestProgress runs a copy that must show progress beside others that must not, until it
// does.
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

// TestProgressAtTerminal shows progress on a terminal by default, and removes it at the
// end; unless disabled by a flag.
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

// TestProgressLog has no terminal: --progress=always prints whole lines.
func TestProgressLog(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newSlow(t, "--progress=always")
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go feed(stop, s)
	line, err := bufio.NewReader(stderr).ReadString('\n')
	close(stop)
	if want := regexp.MustCompile(`^pqenc: [0-9.]+ [KM]?i?B, [0-9.]+ [KM]?i?B/s, \d+s elapsed\n$`); !want.MatchString(line) {
		t.Errorf("the line is %q, %v", line, err)
	}
	io.Copy(io.Discard, stderr)
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

// TestProgressOfFiles shows the number of files done, the current file, and syncing; but
// not on a dumb terminal.
func TestProgressOfFiles(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	need(t, "strace")
	dir := newFolder(t)
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "in/a", nil)
	writeIn(t, dir, "in/b\x1b[2J", zeros)
	for term, shown := range map[string]bool{"xterm": true, "dumb": false} {
		// The sync calls take an extra second.
		cmd := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=1000000",
			"pqenc", "encrypt", "-r", "alice.pub", "in", "-o", "out-"+term+"/")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM="+term)
		screen := begin(t, cmd).leaves()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitOK {
			t.Skipf("exit code %d: %q", code, screen) // tracing may not be allowed
		}
		if strings.Contains(screen, "\x1b") || strings.Contains(screen, "\r ") != shown {
			t.Errorf("%s: the terminal shows %q", term, screen)
		}
		bar := regexp.MustCompile(`\r\d/2 files, \d+\.\d/10 MiB .*  in/(a|b\\u001b\[2J)`)
		if bar.MatchString(screen) != shown || strings.Contains(screen, "syncing") != shown {
			t.Errorf("%s: the terminal shows %q", term, screen)
		}
	}
}

// TestProgressInBackground runs a copy in the background of a terminal that stops
// background writers. It finishes, since it prints nothing.
func TestProgressInBackground(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	need(t, "bash")
	cmd := exec.Command("bash", "-c", `set -m; stty tostop
		(for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done) | pqenc -r alice.pub -o out &
		wait $!`)
	cmd.Dir = newFolder(t)
	screen := begin(t, cmd).leaves()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitOK || strings.Contains(screen, "elapsed") {
		t.Errorf("exit code %d, the terminal shows %q", code, screen)
	}
	if !holds(filepath.Join(cmd.Dir, "out")) {
		t.Error("there is no output")
	}
}

// TestProgressNarrow makes the window narrower during a copy: each bar fits the window of
// its time.
func TestProgressNarrow(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := newSlow(t)
	p := begin(t, s.Cmd)
	stop := make(chan struct{})
	go feed(stop, s)
	if !p.sees("elapsed") {
		t.Errorf("the terminal shows %q", p.screen.String())
	}
	if err := unix.IoctlSetWinsize(int(p.terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 12}); err != nil {
		t.Fatal(err)
	}
	p.sees("\r") // of the one that was perhaps being drawn
	p.sees("\r")
	before := p.read
	for range 3 {
		p.sees("\r")
	}
	close(stop)
	for _, bar := range strings.Split(strings.TrimRight(p.leaves()[before:], "\r"), "\r") {
		if len(bar) > 11 {
			t.Errorf("%q in 12 columns", bar)
		}
	}
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

// testOnlyX requires that the copy contains only what it was fed.
func testOnlyX(t *testing.T, s *slow) {
	t.Helper()
	cmd := exec.Command("pqenc", "-d", "-i", "alice.key")
	cmd.Dir, cmd.Stdin = s.Dir, &s.stdout
	out, err := cmd.Output()
	if err != nil || len(out) == 0 || strings.Trim(string(out), "x") != "" {
		t.Errorf("%q: %d bytes that are not what it was fed, %v", s.Args, len(out), err)
	}
}
