// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// need skips the test where a program is not installed.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

// roffPage returns the name of a file with the sample page.
func roffPage(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if err := Man(&out, model(t), page); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pqenc.1")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPageHasNoWarnings(t *testing.T) {
	for _, check := range [][]string{
		{"groff", "-man", "-Tutf8", "-ww", "-z"},
		{"man", "--warnings", "-l"},
		{"mandoc", "-T", "lint", "-W", "warning"},
	} {
		t.Run(check[0], func(t *testing.T) {
			need(t, check[0])
			cmd := exec.CommandContext(t.Context(), check[0], append(check[1:], roffPage(t))...)
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANPAGER=cat", "MANWIDTH=80")
			var warnings bytes.Buffer
			cmd.Stderr = &warnings
			if check[0] == "mandoc" {
				cmd.Stdout = &warnings
			}
			if err := cmd.Run(); err != nil || warnings.Len() > 0 {
				t.Errorf("%v\n%s", err, &warnings)
			}
		})
	}
}

// TestPageIsVerbatim: examples, quotes, dots, backslashes and dashes are shown as they
// were written.
func TestPageIsVerbatim(t *testing.T) {
	need(t, "groff")
	cmd := exec.CommandContext(t.Context(), "groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-P-o", "-rLL=200n", roffPage(t))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Split(string(out), "\n")
	for _, want := range []string{
		"           pqenc encrypt -r 'lab key.pub' < in > out.pqe",
		"           .hidden \"quoted\" \\n --flag=~user^2 `ls`",
		"       o   a list",
		"       .Dots begin lines.",
		"       It's [odd]: \\ $HOME and ~bob's \"dots\".",
		"              Pick 'one': [a] or \\b\\, not $(ls) or ODD.",
		"              .dot leads, 100% \"sure\"; see https://example.org.",
		"       pqenc [-h] [-q] [-v]... [--config STRING] [--version] [-d] [-r KEY]... [-i KEY]..." +
			" [-o FILE] [--[no-]progress] [--jobs 4] [--report \"text\"] [file]",
		"       pqenc key add --name STRING [flags] files...",
		"       -o, --output=FILE",
		"       ~/.config/pqenc",
		"       0      The whole file is good.",
	} {
		if !slices.Contains(shown, want) {
			t.Errorf("not on the page: %q\n%s", want, out)
		}
	}
}
