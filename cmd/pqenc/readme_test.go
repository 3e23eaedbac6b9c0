// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme types the sessions in README.md, one after the other in one folder,
// and requires what they show. "..." stands for any text in a line.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, size := range map[string]int{"model.bin": 10_000_000, "run7/weights.bin": 1000} {
		writeIn(t, dir, name, make([]byte, size))
	}
	writeIn(t, dir, "secret.txt", []byte("correct horse\n"))
	writeIn(t, dir, "notes.txt", []byte("remember the milk\n"))

	sessions := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	commands := 0
	for _, session := range sessions {
		for _, step := range strings.Split("\n"+session[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			commands++
			if got := shell(dir, command); !matches(got, want) {
				t.Errorf("$ %s\n%s\nREADME.md says:\n%s", command, got, want)
			}
		}
	}
	if commands < 20 {
		t.Errorf("only %d commands found", commands)
	}
}

// TestReadmeExitCodes requires that the table of README.md is that of the man
// page.
func TestReadmeExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, s := range exitStatus {
		fmt.Fprintf(&table, "| %d | %s |\n", s.code, s.text)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("README.md does not have this table:\n%s", table.String())
	}
}

func writeIn(t *testing.T, dir, name string, content []byte) {
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// shell returns what a person would see of the command.
func shell(dir, command string) string {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = fmt.Appendf(out, "[exit code %d]\n", cmd.ProcessState.ExitCode())
	}
	return string(out)
}

func matches(got, want string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`, ".*")
	return regexp.MustCompile("^" + strings.TrimRight(pattern, "\n") + "\n*$").MatchString(got)
}
