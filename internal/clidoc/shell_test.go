// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// completionTests are lines with at most one completion, in a directory with the files of
// [files].
var completionTests = []struct{ line, last string }{
	{"encr", "encrypt"},
	{"aut", ""},
	{"--rec", "--recipient"},
	{"--sec", ""},
	{"bur", ""},
	{"--no-pr", "--no-progress"},
	{"mod", "model.bin"},
	{"my", "my file"},
	{"-r k", "key.pub"},
	{"-r key.pub mod", "model.bin"},
	{"-r key.pub enc", "enclave"}, // -r belongs to the default command
	{"-dr key.pub enc", "enclave"},
	{"-- enc", "enclave"},
	{"-r key.pub --ide", "--identity"},
	{"model.bin --rec", "--recipient"},
	{"--config decrypt encr", "encrypt"},
	{"-qv encr", "encrypt"},
	{"encrypt --arm", "--armor"},
	{"enc --arm", "--armor"}, // enc is an alias
	{"decrypt --arm", ""},
	{"encrypt --ide", ""},
	{"encrypt mod", "model.bin"},
	{"encrypt -o mod", "model.bin"},
	{"encrypt -ao mod", "model.bin"},
	{"encrypt --output=mod", "--output=model.bin"},
	{"encrypt --jobs mod", ""},
	{"encrypt --report j", "json"},
	{"encrypt --report=j", "--report=json"},
	{"--report=j", "--report=json"},
	{"-r al", "alice"},
	{"-r my", "my file"}, // no file of that name ends in .pub
	{"get ws", "ws://host:1/"},
	{"get ws://host:1/a", "ws://host:1/a/"},
	{"get ws://host:1/b", "ws://host:1/b"},
	{"get ws://host:1/x", ""},
	{"-dr al", "alice"},
	{"-r alice mod", "model.bin"},
	{"--recipient=bo", "--recipient=bob-2"},
	{"-r al mod", "model.bin"},
	{"-i al", ""}, // nobody knows what it could be
	{"key drop bo", "bob-2"},
	{"key drop mod", ""},
	{"key li", "list"},
	{"key mod", ""},
	{"key --di", "--dir"},
	{"key --dir d list --di", "--dir"},
	{"key add --nam", "--name"},
	{"key add key.pub mod", "model.bin"},
	{"completion z", "zsh"},
	{"completion mod", ""},
	{"odd --mode it", "it's"},
	{"odd --mode a", "a b"},
	{"odd --mode c", "c:d"},
	{"odd --mode z", "z("},
	{"odd mod", ""},
}

var files = []string{"model.bin", "my file", "key.pub", "enclave", "d/inside"}

// TestMain makes this binary the sample program if it has that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "pqenc" {
		os.Setenv("GORACE", "atexit_sleep_ms=0") // else each sample program ends a second later
		os.Exit(m.Run())
	}
	app, err := newModel()
	if err == nil {
		err = Complete(os.Stdout, app, keys, os.Args[2:])
	}
	if err != nil || os.Args[1] != CompleteCommand {
		os.Exit(1)
	}
}

// lay installs the sample program, and writes the script for a shell and the files
// to complete. It returns the script's name and the files' directory.
func lay(t *testing.T, shell string) (script, dir string) {
	t.Helper()
	need(t, shell)
	var out bytes.Buffer
	if err := Script(&out, "pqenc", shell); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "pqenc")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	script = filepath.Join(t.TempDir(), "pqenc."+shell)
	if err := os.WriteFile(script, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return script, dir
}

// run returns what a program prints on standard output; on standard error it
// must print nothing.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", program, err, &stderr)
	}
	return string(out)
}

func TestSyntax(t *testing.T) {
	for _, shell := range []string{"bash", "fish", "zsh"} {
		t.Run(shell, func(t *testing.T) {
			script, dir := lay(t, shell)
			run(t, dir, shell, "-n", script)
		})
	}
}

// TestBashLists has the lists that the bash function offers, for words as readline splits
// them.
func TestBashLists(t *testing.T) {
	script, dir := lay(t, "bash")
	global := "--help -h --quiet -q --verbose -v --config --version "
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{""}, "encrypt decrypt key get completion odd d enclave key.pub model.bin my file"},
		{[]string{"encrypt", ""}, ""}, // left to readline, which completes files
		{[]string{"-"}, global + "--decrypt -d --recipient -r --identity -i --output -o --progress --no-progress --jobs --report"},
		{[]string{"completion", "-"}, global},
		{[]string{"completion", ""}, "bash fish zsh"},
		{[]string{"completion", "zsh", ""}, ""},
		{[]string{"-r", ""}, "alice bob-2 d key.pub"},
		{[]string{"-r", "m"}, ""}, // left to readline
		{[]string{"key", "drop", ""}, "alice bob-2"},
		{[]string{"--recipient", "=", ""}, "alice bob-2 d key.pub"},
		{[]string{"--report", "=", ""}, "text json"},
		{[]string{"--report", "="}, "text json"},
		{[]string{"--report", "=", "j"}, "json"},
		{[]string{"--report=j"}, "--report=json"}, // where COMP_WORDBREAKS has no =
		{[]string{"odd", "--mode", "=", "c", ":", ""}, "d"},
		{[]string{"-r", "a", ":", "b", "enc"}, ""},
		{[]string{"<", "a", "enc"}, "encrypt enclave"},
	} {
		args := append([]string{"--norc", "--noprofile", "-c", `
			. "$1"
			shift
			COMP_WORDS=(pqenc "$@") COMP_CWORD=$#
			_pqenc
			printf '%s\n' "${COMPREPLY[@]}"`, "bash", script}, test.words...)
		out := run(t, dir, "bash", args...)
		got, want := strings.Fields(out), strings.Fields(test.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", test.words, got, want)
		}
	}
}

func TestFish(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	script, dir := lay(t, "fish")
	for _, test := range completionTests {
		out := run(t, dir, "fish", "--no-config", "-c", `
			source $argv[1]
			complete -C "pqenc $argv[2]" | string replace -r '\t.*' ''
			true`, script, test.line)
		got := strings.TrimSpace(out)
		if want := test.last; got != want {
			t.Errorf("%s: got %q, want %q", test.line, got, want)
		}
	}
	out := run(t, dir, "fish", "--no-config", "-c", `source $argv[1]; complete -C "pqenc "`, script)
	for _, want := range []string{"encrypt\tEncrypt a file", "odd\tIt's [odd]: \\ $HOME and ~bob's \"dots\"", "model.bin"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not offered:\n%s", want, out)
		}
	}
}

// TestTab types the lines at a prompt, with a tab after each.
func TestTab(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Run("bash", func(t *testing.T) {
		script, dir := lay(t, "bash")
		rc := filepath.Join(t.TempDir(), "rc")
		testTab(t, dir, rc, "bash --noprofile --rcfile "+rc+" -i", `
			bind 'set bell-style none' 'set completion-query-items 0' 2>/dev/null
			. '`+script+"'\n")
	})
	t.Run("zsh", func(t *testing.T) {
		script, dir := lay(t, "zsh")
		rc := filepath.Join(t.TempDir(), ".zshrc")
		testTab(t, dir, rc, "env ZDOTDIR="+filepath.Dir(rc)+" zsh -d -i", `
			autoload -Uz compinit && compinit -u -D
			unsetopt beep
			LISTMAX=1000
			. '`+script+"'\n")
	})
}

func testTab(t *testing.T, dir, rc, shell, setup string) {
	setup += `
		PS1= PS2=
		pqenc() { printf '\nGOT'; printf '[%s]' "$@"; printf 'END\n'; }
		pqenc ready
	`
	if err := os.WriteFile(rc, []byte(setup), 0o600); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, dir, shell)
	if got := term.read(t); got != "[ready]" {
		t.Fatalf("the shell started with %q", got)
	}
	for _, test := range completionTests {
		words := strings.Fields(test.line)
		if test.last != "" {
			words[len(words)-1] = test.last
		}
		want := "[" + strings.Join(words, "][") + "]"
		if got := term.enter(t, "pqenc "+test.line+"\t"); got != want {
			t.Errorf("%s: got %s, want %s", test.line, got, want)
		}
	}
}

// terminal is an interactive shell on a terminal of its own.
type terminal struct {
	in  io.Writer
	out *bufio.Reader
}

func openTerminal(t *testing.T, dir, shell string) *terminal {
	t.Helper()
	need(t, "script")
	if out, _ := exec.CommandContext(t.Context(), "script", "--version").Output(); !bytes.Contains(out, []byte("util-linux")) {
		t.Skip("script is not the one of util-linux")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a shell that hangs
	cmd := exec.CommandContext(ctx, "script", "-qfec", shell, "/dev/null")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "TERM=dumb", "INPUTRC=/dev/null", "HISTFILE=")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	return &terminal{in, bufio.NewReader(out)}
}

// enter types a line and returns the arguments that the command got.
func (term *terminal) enter(t *testing.T, line string) string {
	t.Helper()
	if _, err := fmt.Fprintf(term.in, "%s\n", line); err != nil {
		t.Fatal(err)
	}
	return term.read(t)
}

func (term *terminal) read(t *testing.T) string {
	t.Helper()
	var seen strings.Builder
	for {
		line, err := term.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after:\n%s", err, &seen)
		}
		seen.WriteString(line)
		if got, ok := strings.CutPrefix(strings.TrimSpace(line), "GOT"); ok {
			if strings.Contains(seen.String(), "_pqenc") || strings.Contains(seen.String(), "_arguments") {
				t.Errorf("the shell complained:\n%s", &seen)
			}
			return strings.TrimSuffix(got, "END")
		}
	}
}
