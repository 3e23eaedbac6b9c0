// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// report returns the report of the run.
func (b *bench) report(ctx context.Context) *report {
	var done []*testCase
	for _, g := range b.groups {
		for _, c := range g {
			if len(c.results) > 0 {
				done = append(done, c)
			}
		}
	}
	var s strings.Builder
	s.WriteString("# Benchmark\n\n")
	fmt.Fprintf(&s, "Made by `cd bench && go run . %s`: all commands in turns, each %d times, slow ones fewer times.\n\n", strings.Join(b.arguments(), " "), b.runs)
	s.WriteString(strings.Join(b.machine(ctx), "\n"))
	s.WriteString("\n\n")
	if b.quick {
		s.WriteString("This was a quick run, with files so small that its figures compare nothing.\n\n")
	}
	s.WriteString(plotHere + "## Targets\n\n")
	s.WriteString(targetTable(b.targets(done)))
	s.WriteString("\n## All cases\n\n" +
		"Times are those of the whole command. CPU is the processor time of all cores in user and system mode, memory the maximum resident set.\n\n")
	s.WriteString(caseTable(done))
	if len(b.notes) > 0 {
		s.WriteString("\n- " + strings.Join(b.notes, "\n- ") + "\n")
	}
	svg, err := plot(b.speeds(done))
	if err != nil {
		fmt.Fprintln(os.Stderr, "no plot:", err)
	}
	return &report{markdown: s.String(), svg: svg}
}

// arguments are those that determine what is measured.
func (b *bench) arguments() (args []string) {
	if b.quick {
		args = append(args, "-quick")
	}
	if s := b.only.String(); s != "" {
		args = append(args, fmt.Sprintf("-only %q", s))
	}
	return append(args, "-dir "+b.options.dir)
}

// caseTable returns a table with a line for each case, in the order of measurement.
func caseTable(cases []*testCase) string {
	var s strings.Builder
	s.WriteString("| operation | how | size | cores | program | runs | median | minimum | GB/s | CPU | memory |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range cases {
		sum := summarize(c.results)
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %d | %s | %s | %s | %s | %.1f MiB |\n", c.operation, c.route, size(c.size), c.cores(), c.tool,
			sum.runs, duration(sum.wall.median), duration(sum.wall.least), c.speed(sum.wall.median), duration(sum.cpu.median), float64(sum.memory)/1024)
	}
	return s.String()
}

// duration formats a time with about three digits.
func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// speed returns the throughput in GB/s, or "" for cases where it has no meaning.
func (w what) speed(d time.Duration) string {
	if w.size < 1<<20 || w.operation == reading || w.operation == batchReads || w.route == inPlace {
		return ""
	}
	return fmt.Sprintf("%.2f", gigabytes(w.size, d))
}

func gigabytes(size int64, d time.Duration) float64 { return float64(size) / d.Seconds() / 1e9 }
