// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

const refused = "error: refusing to write binary data to the terminal\nhint: write to a file with -o, or to a pipe\n"

// TestTerminalOutput decrypts to a terminal: text is printed, all else is refused.
func TestTerminalOutput(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	for _, c := range []struct{ contents, shows, says string }{
		{"line\tone\r\nzwei €\n", "line\tone\r\r\nzwei €\r\n", ""},
		{"no line end", "no line end", ""},
		{"", "", ""},
		{strings.Repeat("long €\n", 1<<20), strings.Repeat("long €\r\n", 1<<20), ""}, // two chunks, cut inside a character
		{"\x1b[31m", "", refused},
		{"text before\x1b[31m", "", refused},
		{"nul\x00", "", refused},
		{"8-bit \u009b31m", "", refused},
		{"turned \u202eround", "", refused},
		{"not UTF-8 \xff", "", refused},
		{"cut off \xe2\x82", "cut off ", refused},
	} {
		dir := newFolder(t)
		writeIn(t, dir, "in.pqe", sealed(t, []byte(c.contents)))
		screen, stderr, code := atTerminal(t, dir, "-d", "-i", "alice.key", "in.pqe")
		stderr = strings.ReplaceAll(stderr, "in.pqe: ", "")
		if screen != c.shows || stderr != c.says || (code == exitUsage) != (c.says != "") {
			t.Errorf("%.20q: the terminal shows %.40q; exit code %d, it says %q", c.contents, screen, code, stderr)
		}
	}
}

// TestTerminalOutputAsked writes to a terminal because of "-o -".
func TestTerminalOutputAsked(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	writeIn(t, dir, "in.pqe", sealed(t, []byte("\x1b[31m")))
	screen, stderr, code := atTerminal(t, dir, "-d", "-i", "alice.key", "-o", "-", "in.pqe")
	if screen != "\x1b[31m" || stderr != "" || code != exitOK {
		t.Errorf("the terminal shows %q; exit code %d, it says %q", screen, code, stderr)
	}
}

// TestTerminalOutputVerified writes contents to a terminal that were verified before.
func TestTerminalOutputVerified(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	writeIn(t, dir, "in.pqe", signed(t, []byte("text\n"), testkit.Identity("alice").Public(), testkit.Identity("carol").Public()))
	screen, stderr, code := atTerminal(t, dir, "-d", "-i", "alice.key", "--from", "bob.pub", "in.pqe")
	if screen != "text\r\n" || timeless(stderr) != named("signed by $BOB on TIME\n") || code != exitOK {
		t.Errorf("the terminal shows %q; exit code %d, it says %q", screen, code, stderr)
	}
}

// TestTerminalEncrypted requires -a for an encrypted file on a terminal.
func TestTerminalEncrypted(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	screen, stderr, code := atTerminal(t, dir, "-r", "alice.pub", "pw")
	want := "error: refusing to write binary data to the terminal\nhint: write to a file with -o, to a pipe, or as text with -a\n"
	if screen != "" || stderr != want || code != exitUsage {
		t.Errorf("the terminal shows %q; exit code %d, it says %q", screen, code, stderr)
	}
	screen, stderr, code = atTerminal(t, dir, "-a", "-r", "alice.pub", "pw")
	if !strings.HasSuffix(screen, "-----END PQENC FILE-----\r\n") || stderr != "" || code != exitOK {
		t.Errorf("the terminal shows %q; exit code %d, it says %q", screen, code, stderr)
	}
}

// TestTerminalSecagg requires a program at the other end of the messages.
func TestTerminalSecagg(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	const want = "error: a program carries the messages, and no terminal\nhint: docs/secagg-process.md has such a program in Python\n"
	for _, args := range []string{
		"server --members alice.pub --length 1 --clip 1 -o mean",
		"client --members alice.pub -i alice.key --update in --masked masked",
	} {
		screen, stderr, code := atTerminal(t, dir, append([]string{"secagg"}, strings.Fields(args)...)...)
		if screen != "" || stderr != want || code != exitUsage {
			t.Errorf("the terminal shows %q; exit code %d, it says %q", screen, code, stderr)
		}
	}
}

// atTerminal runs the command with a terminal as standard output. It returns messages
// without "pqenc: ".
func atTerminal(t *testing.T, dir string, args ...string) (screen, stderr string, code int) {
	t.Helper()
	var errs strings.Builder
	cmd := exec.Command("pqenc", args...)
	cmd.Dir, cmd.Stderr = dir, &errs
	screen = begin(t, cmd).leaves()
	cmd.Wait()
	return screen, strings.ReplaceAll(errs.String(), "pqenc: ", ""), cmd.ProcessState.ExitCode()
}
