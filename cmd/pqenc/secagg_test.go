// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecaggPython runs the programs in docs/secagg-process.md, as an app in Python would: rounds
// of four client processes and a server process.
func TestSecaggPython(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/secagg-process.md")
	if err != nil {
		t.Fatal(err)
	}
	var programs strings.Builder
	blocks := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	for _, block := range blocks {
		programs.WriteString(block[1])
	}
	if len(blocks) != 3 {
		t.Fatalf("docs/secagg-process.md has %d programs", len(blocks))
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	checks, err := os.ReadFile("testdata/secagg_checks.py")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeIn(t, dir, "app.py", append([]byte(programs.String()), checks...))
	cmd := exec.Command("python3", filepath.Join(dir, "app.py"))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "all is well\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestFrames parses lines and messages, valid ones and others.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{}\n", `{"length":0}` + "\n", `{"length":3}` + "\nabc", `{"length":3,"vector":"x"}` + "\na\nc{\"advance\":true}\n", `{"weight":4294967295}` + "\n",
	} {
		if _, err := readFrames(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{
		"{}", "\n", "null\n1", "[]\n", "{}{}\n", `{"lenght":3}` + "\nabc", `{"length":3}` + "\nab", `{"length":-1}` + "\n", `{"length":1.5}` + "\nab",
		`{"length":67108865}` + "\nabc", `{"length":9223372036854775808}` + "\nabc", `{"length":67108864}` + "\nabc", `{"weight":4294967296}` + "\n", `{"weight":-1}` + "\n",
		`{"advance":1}` + "\n", strings.Repeat(" ", maxFrameLine+1) + "{}\n",
	} {
		if all, err := readFrames(text); !errors.Is(err, errFrame) {
			t.Errorf("%.100q: %v, %v", text, all, err)
		}
	}
	all, err := readFrames(`{"length":4}` + "\n{}\n\n" + `{"vector":"v","length":0}` + "\n" + `{"advance":true}` + "\n")
	if got := fmt.Sprintf("%q %v", all[0].message, err); len(all) != 3 || got != "\"{}\\n\\n\" <nil>" || *all[1].Vector != "v" || !all[2].Advance {
		t.Errorf("%d frames, %s", len(all), got)
	}
}

func readFrames(text string) (all []*frame, err error) {
	f := newFrames(strings.NewReader(text), io.Discard)
	for {
		one, err := f.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
}
