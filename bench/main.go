// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Command bench measures pqenc and other programs. It runs whole commands in turns, so
// that other load on the machine affects all of them. From the bench folder:
//
//	go run . -dir /dev/shm
//
// It prints two tables in Markdown. The first compares what the project's targets
// name; the second has a line for every case. -out also writes them to benchmark.md
// in a folder, with a plot in benchmark.svg. The files of a full run take up to 7 GiB
// in the folder of -dir. -quick takes less than a minute, and its figures compare
// nothing.
//
// Every command is measured: its wall time, the processor time in user and system
// mode, and its maximum resident set. In a pipeline, the wall time is that of the
// whole and the others are those of the program in the middle. Programs that are
// not installed are left out, and named. All files are removed at the end, also after
// an error or a signal.
//
// This is a module of its own so that users of pqenc do not get what it needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		if part, ok := parts[os.Args[1]]; ok {
			if err := part(os.Args[2:]); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
	var o options
	flag.StringVar(&o.dir, "dir", os.TempDir(), "where the files go: memory-backed storage measures the commands, not the disk")
	flag.BoolVar(&o.quick, "quick", false, "small files and three runs, to try it")
	flag.IntVar(&o.runs, "runs", 0, "how often each command runs (default 7; 3 with -quick)")
	only := flag.String("only", "", "measure the cases alone whose line in the table, with commas, matches this regular expression")
	flag.StringVar(&o.out, "out", "", "also write benchmark.md and benchmark.svg into this folder")
	flag.Parse()
	if o.runs <= 0 {
		o.runs = 7
		if o.quick {
			o.runs = 3
		}
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		log.Fatal(err)
	}
	// A closed pipe must not end this process before it has removed its files.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	if o.out != "" { // now: the run takes long
		if err := os.MkdirAll(o.out, 0o777); err != nil {
			log.Fatal(err)
		}
	}
	report, err := run(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	if err := report.publish(o.out); err != nil {
		log.Fatal(err)
	}
}

type options struct {
	dir, out string
	quick    bool
	runs     int
	only     *regexp.Regexp
}

// run does all of it, and removes all files.
func run(ctx context.Context, o options) (r *report, err error) {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "pqenc-bench-"); err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir, makers: make(map[string]func(context.Context) error)}
	defer func() { err = errors.Join(err, b.clean()) }()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	b.cases()
	if err := b.takeTurns(ctx); err != nil {
		return nil, err
	}
	return b.report(ctx), nil
}

// report is the result of a run.
type report struct {
	markdown string // with plotHere in it
	svg      []byte // nil if there is nothing to draw
}

const (
	svgName  = "benchmark.svg"
	plotHere = "<!-- plot -->\n"
)

// publish prints a report, and writes it into a folder unless that is "".
func (r *report) publish(folder string) error {
	if _, err := fmt.Print(strings.Replace(r.markdown, plotHere, "", 1)); err != nil || folder == "" {
		return err
	}
	text := r.markdown
	if r.svg != nil {
		text = strings.Replace(text, plotHere, "![Speed of the large file]("+svgName+")\n\n", 1)
		if err := os.WriteFile(filepath.Join(folder, svgName), r.svg, 0o666); err != nil {
			return err
		}
	}
	text = strings.Replace(text, plotHere, "", 1)
	return os.WriteFile(filepath.Join(folder, "benchmark.md"), []byte(text), 0o666)
}
