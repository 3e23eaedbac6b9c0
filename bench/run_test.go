// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// testBench is a bench with a fake tool of each kind.
func testBench(t *testing.T, only string) *bench {
	both := func(program string) func(in, out string) []string {
		return func(in, out string) []string { return inAndOut([]string{program}, "-o", out, in) }
	}
	onlyFiles := func(in, out string) []string {
		if in == "" || out == "" {
			return nil
		}
		return []string{"slow", in, out}
	}
	return &bench{
		options: options{quick: true, runs: 2, only: regexp.MustCompile(only)}, dir: t.TempDir(), env: os.Environ(),
		makers: make(map[string]func(context.Context) error),
		tools: []tool{
			copyTool(),
			{name: pqencPlain, own: true, encrypt: both("p"), decrypt: both("p")},
			{name: rcloneCrypt, slow: true, encrypt: onlyFiles, decrypt: onlyFiles},
			{name: agePlain, encrypt: both("a"), decrypt: both("a")},
		},
	}
}

// TestCases checks that each case is there once, and that all inputs can be made.
func TestCases(t *testing.T) {
	b := testBench(t, "")
	b.cases()
	seen := make(map[string]bool)
	for _, g := range b.groups {
		for _, c := range g {
			if seen[c.name()] {
				t.Errorf("%s is there twice", c.name())
			}
			seen[c.name()] = true
			if len(c.args) == 0 {
				t.Errorf("%s has no command", c.name())
			}
			if c.input != "" && b.makers[c.input] == nil {
				t.Errorf("%s: nobody makes %s", c.name(), c.input)
			}
		}
	}
	for _, name := range []string{
		"encrypt, file to file, 64 MiB, all, pqenc", "decrypt, pipe to pipe, 64 MiB, all, pqenc", "decrypt, to /dev/null, 1 KiB, all, age",
		"encrypt, file to file, 64 MiB, 1, age", "rewrap, in place, 10 MiB, all, pqenc", "encrypt, 1000 recipients, 1 KiB, all, age",
		"copy, one pipe, 64 MiB, all, cp, cat", "bound, reading, sealing, 64 MiB, all, bound", "decrypt, file to file, 64 MiB, all, rclone crypt",
	} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
	if seen["encrypt, pipe to pipe, 64 MiB, all, rclone crypt"] {
		t.Error("there is a case that the program cannot do")
	}
}

func TestOnly(t *testing.T) {
	b := testBench(t, "^rewrap, new file, 10 MiB")
	b.cases()
	if len(b.groups) != 1 || len(b.groups[0]) != 1 || b.groups[0][0].route != "new file" {
		t.Errorf("chosen: %v", b.groups)
	}
}

// buildMeasure puts the program that measures into the folder.
func buildMeasure(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.commandIn(t.Context(), ".", "go", "build", "-o", b.dir+"/", "./measure"); err != nil {
		t.Fatal(err)
	}
}

// TestTakeTurns runs a copy, and a case that needs the copy, with real commands.
func TestTakeTurns(t *testing.T) {
	b := testBench(t, "")
	buildMeasure(t, b)
	b.makePlain(1 << 10)
	in := plainName(1 << 10)
	copied := &testCase{what: what{operation: "copy"}, args: []string{"cp", in, "sealed"}, input: in, output: "sealed", runs: 1}
	b.makers["sealed"] = b.runner(copied)
	compared := &testCase{what: what{operation: "compare"}, args: []string{"cmp", in, "sealed"}, input: "sealed"}
	b.groups = []group{{copied, compared}}
	if err := b.takeTurns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(copied.results) != 1 || len(compared.results) != 2 {
		t.Errorf("%d and %d runs, not 1 and 2", len(copied.results), len(compared.results))
	}
	if _, err := os.Stat(filepath.Join(b.dir, in)); err != nil {
		t.Error("the input of all is gone:", err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "sealed")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file of the group has stayed:", err)
	}
	compared.args = []string{"sh", "-c", "echo no such thing >&2; exit 3"}
	if err := b.takeTurns(t.Context()); err == nil || !strings.Contains(err.Error(), "no such thing") || !strings.Contains(err.Error(), "compare") {
		t.Error("the failure of a command:", err)
	}
}

// TestInterrupt ends a run in the middle of a command, which must end as well.
func TestInterrupt(t *testing.T) {
	b := testBench(t, "")
	buildMeasure(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pipe := filepath.Join(b.dir, "pipe")
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b.groups = []group{{{args: []string{"sh", "-c", "echo $$ > pipe; exec sleep 3600"}}}}
	pid := make(chan string, 1)
	go func() {
		text, _ := os.ReadFile(pipe)
		pid <- strings.TrimSpace(string(text))
		cancel()
	}()
	if err := b.takeTurns(ctx); !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
	if out, err := exec.Command("ps", "-o", "args=", "-p", <-pid).Output(); err == nil && strings.Contains(string(out), "sleep 3600") {
		t.Errorf("a command is still there: %s", out)
	}
	if err := b.clean(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(b.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder has stayed:", err)
	}
}

func TestCPUModel(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nmodel name\t: AMD EPYC: best\nmodel name\t: other\n": "AMD EPYC: best",
		"processor\t: 0\n": "a processor without a name",
	} {
		if got := cpuModel(bufio.NewScanner(strings.NewReader(text))); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestStub keeps the parts, for any sizes of writes.
func TestStub(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stub"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &stub{f: f, keep: [][2]int64{{0, 3}, {10, 14}, {28, 99}}}
	for piece := range strings.SplitSeq("abcdefg hijklm nopqrs tuvwxyz123", " ") {
		if _, err := io.WriteString(s, piece); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if want := "abc\x00\x00\x00\x00\x00\x00\x00klmn" + strings.Repeat("\x00", 14) + "3"; string(got) != want || s.size != 29 {
		t.Errorf("%q of %d, not %q", got, s.size, want)
	}
}

// TestBounds seals a file, opens it, and notices a change.
func TestBounds(t *testing.T) {
	dir := t.TempDir()
	plain, sealed := filepath.Join(dir, "plain"), filepath.Join(dir, "sealed")
	if err := os.WriteFile(plain, make([]byte, 2*chunkSize+1000), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{sealing, plain}, {sealHashing, plain}, {sealWriting, plain, sealed}, {opening, sealed}, {openingRandom, sealed}} {
		if err := runBound(args[0], args[1:]); err != nil {
			t.Error(args, err)
		}
	}
	contents, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*(chunkSize+tagSize) + 1000 + tagSize; len(contents) != want {
		t.Errorf("%d bytes, not %d", len(contents), want)
	}
	contents[len(contents)-1] ^= 1
	if err := os.WriteFile(sealed, contents, 0o666); err != nil {
		t.Fatal(err)
	}
	if runBound(opening, []string{sealed}) == nil {
		t.Error("a changed chunk was opened")
	}
	if runBound(sealing, []string{filepath.Join(dir, "nothing")}) == nil {
		t.Error("a file that is not there was read")
	}
}

// TestReceive reads answers to requests.
func TestReceive(t *testing.T) {
	answer := fmt.Sprintf("{\"length\":%d}\n", readSize) + strings.Repeat("x", readSize)
	if err := receive(strings.NewReader(answer+answer), 2); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", answer[:100], "{}\n", "no\n", answer + `{"error":"io","message":"gone"}` + "\n"} {
		if receive(strings.NewReader(bad), 2) == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}

func TestAsk(t *testing.T) {
	r, w := io.Pipe()
	go ask(w, "name", []int64{5, 7})
	var request struct {
		File           string
		Offset, Length int64
	}
	decoder := json.NewDecoder(r)
	for _, want := range []int64{5, 7} {
		if err := decoder.Decode(&request); err != nil || request.File != "name" || request.Offset != want || request.Length != readSize {
			t.Error(request, err)
		}
	}
	if decoder.More() {
		t.Error("more requests than offsets")
	}
}

func TestRandomChunks(t *testing.T) {
	chunks := randomChunks(16)
	if len(chunks) < randomReads || len(chunks) > 2*randomReads {
		t.Errorf("%d chunks", len(chunks))
	}
	for _, i := range chunks {
		if i < 0 || i >= 16 {
			t.Fatalf("chunk %d of 16", i)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{1500 * time.Microsecond: "1.5 ms", 999 * time.Millisecond: "999.0 ms", 2346 * time.Millisecond: "2.35 s"} {
		if got := duration(d); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
