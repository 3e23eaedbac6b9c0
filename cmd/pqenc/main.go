// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command pqenc encrypts files of any size for post-quantum keys. See "pqenc --help" and
// README.md.
package main

import (
	"errors"
	"os"
	"runtime"

	"github.com/pqenc/pqenc/internal/clidoc"
)

// cores is the minimum number of chunks of a file that are processed concurrently.
var cores = max(runtime.GOMAXPROCS(0), 2)

func main() {
	keepPlace()
	os.Exit(run(os.Args[1:]))
}

// keepPlace lets Go run one more goroutine than there are cores. Reads and writes of
// whole chunks take a while in the system. If all Ps are in use, the runtime checks every
// 20 microseconds whether one could be handed over meanwhile, which costs a tenth of the
// time of encrypting from file to file. With a free P, it does not.
func keepPlace() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// run is the whole program except for exiting. It returns the exit code.
func run(args []string) int {
	a := newApp()
	signals := watchSignals()
	if len(args) == 0 {
		return a.end(usageError("nothing to do: name a recipient with -r, or decrypt with -d"))
	}
	if args[0] == clidoc.CompleteCommand { // called by a completion script
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
