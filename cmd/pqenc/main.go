// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command pqenc encrypts files of any size for post-quantum keys. See
// "pqenc --help", and README.md for a first session.
package main

import (
	"errors"
	"os"
	"runtime"

	"github.com/pqenc/pqenc/internal/clidoc"
)

// cores is how many chunks of a file are worked on at once, at the least.
var cores = max(runtime.GOMAXPROCS(0), 2)

func main() {
	keepPlace()
	os.Exit(run(os.Args[1:]))
}

// keepPlace lets Go run one goroutine more than there are cores. Reads and writes of whole
// chunks take a while in the system. If all places are taken, the runtime looks every 20
// microseconds whether one could be lent to somebody else meanwhile, which takes a tenth of
// the time of encrypting from file to file. If one is free, it does not.
func keepPlace() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// run is the whole program except for exiting: it returns the exit code.
func run(args []string) int {
	a := newApp()
	signals := watchSignals()
	if len(args) == 0 {
		return a.end(usageError("nothing to do: name a recipient with -r, or decrypt with -d"))
	}
	if args[0] == clidoc.CompleteCommand { // for the script of a shell
		return a.end(clidoc.Complete(a.stdout, newParser(a).Model, knownWords, args[1:]))
	}
	args, a.command = splitCommand(args)
	ctx, err := parse(a, args)
	if errors.Is(err, errHelped) {
		a.stdout.used.Store(true)
		return a.end(nil)
	}
	if err != nil {
		return a.end(parseError(a.stdout.explain(err), args))
	}
	a.grammar = ctx.Model.Target.Addr().Interface().(*grammar)
	a.selected, a.first = ctx.Selected(), args[0]

	done := make(chan error, 1)
	go func() { done <- ctx.Run() }()
	return a.supervise(done, signals)
}
