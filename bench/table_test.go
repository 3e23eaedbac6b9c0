// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

func took(w what, walls ...time.Duration) *testCase {
	c := &testCase{what: w}
	for _, wall := range walls {
		c.results = append(c.results, measure.Result{Wall: wall, CPU: wall / 2, Memory: 20 << 10})
	}
	return c
}

func TestCaseTable(t *testing.T) {
	got := caseTable([]*testCase{
		took(what{"encrypt", toNull, 2 << 30, false, pqencPlain}, 2*time.Second, time.Second, 4*time.Second),
		took(what{"rewrap", inPlace, 10 << 20, true, pqencPlain}, 1234567*time.Nanosecond),
		took(what{"copy", toNull, 1 << 10, false, copying}, time.Millisecond),
	})
	want := `| operation | how | size | cores | program | runs | median | minimum | GB/s | CPU | memory |
|---|---|---|---|---|---|---|---|---|---|---|
| encrypt | to /dev/null | 2 GiB | all | pqenc | 3 | 2.00 s | 1.00 s | 1.07 | 1.00 s | 20.0 MiB |
| rewrap | in place | 10 MiB | 1 | pqenc | 1 | 1.2 ms | 1.2 ms |  | 0.6 ms | 20.0 MiB |
| copy | to /dev/null | 1 KiB | all | cp, cat | 1 | 1.0 ms | 1.0 ms |  | 0.5 ms | 20.0 MiB |
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTargetTable(t *testing.T) {
	got := targetTable([]target{
		{"one", []part{{wanted: "≤ 2", least: 1.5, median: 2, limit: 2}}},
		{"two", []part{{wanted: "≤ 2", least: 1.5, median: 2.01, limit: 2}}},
		{"three", []part{{wanted: "≥ 3", least: 3, median: 2.9, limit: 3, floor: true}, {wanted: "≤ 8 ms", least: 7, median: 8, unit: "ms", limit: 8}}},
		{"four", []part{{wanted: "≥ 3", least: 3, median: 3.1, limit: 3, floor: true}}},
	})
	want := `| | minima | medians | wanted | met |
|---|---|---|---|---|
| one | 1.50 | 2.00 | ≤ 2 | yes |
| two | 1.50 | 2.01 | ≤ 2 | no |
| three | 3.00 or 7.00 ms | 2.90 or 8.00 ms | ≥ 3 or ≤ 8 ms | yes |
| four | 3.00 | 3.10 | ≥ 3 | yes |
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestTargets compares what was measured, and nothing else.
func TestTargets(t *testing.T) {
	b := &bench{}
	large := b.large()
	got := targetTable(b.targets([]*testCase{
		took(what{"encrypt", fileToFile, large, false, pqencPlain}, 9*time.Second, 11*time.Second, 12*time.Second),
		took(what{"copy", fileToFile, large, false, copying}, 10*time.Second, 10*time.Second, 12*time.Second),
		took(what{"encrypt", toNull, large, false, pqencPlain}, 2*time.Second),
		took(what{"encrypt", toNull, large, false, agePlain}, 5*time.Second),
		took(what{"bound", sealing, large, false, bounds}, 1900*time.Millisecond),
		took(what{"encrypt", toNull, 1 << 10, false, pqencPlain}, 12*time.Millisecond),
		took(what{"copy", toNull, 1 << 10, false, copying}, 2*time.Millisecond),
	}))
	for _, line := range []string{
		"| encrypt, file to file / cp | 0.90 | 1.10 | ≤ 0.95 | no |",
		"| age / encrypt, to /dev/null; or that / reading and the cipher | 2.50 or 1.05 | 2.50 or 1.05 | ≥ 3 or ≤ 1.2 | yes |",
		"| CPU of encrypt, to /dev/null / CPU of age | 0.40 | 0.40 | ≤ 1 | yes |",
		"| peak memory, of any size | 20.00 MiB | 20.00 MiB | ≤ 24 MiB | yes |",
		"| encrypt of 1 KiB − cat | 10.00 ms | 10.00 ms | ≤ 8 ms | no |",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
	if lines := strings.Count(got, "\n"); lines != 7 {
		t.Errorf("%d lines, not 7, in\n%s", lines, got)
	}
}

func TestGrowth(t *testing.T) {
	b := &bench{}
	sized := func(n, mib int64, route string) *testCase {
		return &testCase{what: what{"encrypt", route, n, false, pqencPlain}, results: []measure.Result{{Wall: 1, CPU: 1, Memory: mib << 10}}}
	}
	got := targetTable(b.targets([]*testCase{sized(100<<20, 20, fileToFile), sized(2<<30, 21, pipeToPipe), sized(20<<30, 23, toNull), sized(1<<10, 99, "1000 recipients")}))
	if want := "| peak memory of the largest file − that of 100 MiB | 3.00 MiB | 3.00 MiB | ≤ 2 MiB | no |\n"; !strings.Contains(got, want) {
		t.Errorf("no line %q in\n%s", want, got)
	}
}

func TestPlot(t *testing.T) {
	b := &bench{tools: []tool{{name: copying}, {name: "a & b", decrypt: func(_, _ string) []string { return nil }}, {name: "not measured"}}}
	large := b.large()
	svg, err := plot(b.speeds([]*testCase{
		took(what{"copy", fileToFile, large, false, copying}, time.Second),
		took(what{"encrypt", fileToFile, large, false, "a & b"}, 2*time.Second),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(svg), "not measured") || !strings.Contains(string(svg), "2.15") {
		t.Error("it does not show what was measured")
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal("the picture is not XML:", err)
		}
	}
	if _, err := plot(b.speeds(nil)); err == nil {
		t.Error("nothing was drawn without an error")
	}
}

func TestArguments(t *testing.T) {
	b := &bench{options: options{quick: true, dir: "/dev/shm", only: regexp.MustCompile("1 KiB")}}
	if got, want := strings.Join(b.arguments(), " "), `-quick -only "1 KiB" -dir /dev/shm`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// TestPublish writes the report and the picture in its place.
func TestPublish(t *testing.T) {
	folder := t.TempDir()
	if err := (&report{markdown: "a\n" + plotHere + "b\n", svg: []byte("<svg/>")}).publish(folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "benchmark.md"))
	if want := "a\n![Speed of the large file](benchmark.svg)\n\nb\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
	if svg, err := os.ReadFile(filepath.Join(folder, svgName)); err != nil || string(svg) != "<svg/>" {
		t.Errorf("%q, %v", svg, err)
	}
	if err := (&report{markdown: "a\n"}).publish(filepath.Join(folder, "nothing")); err == nil {
		t.Error("it was written into a folder that is not there")
	}
}
