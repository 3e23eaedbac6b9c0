// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command pqenc encrypts files of any size for post-quantum keys. See
// "pqenc --help", and README.md for a first session.
package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/pqenc/pqenc/internal/clidoc"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is the whole program but for exiting: it returns the exit code.
func run(args []string) int {
	a := newApp()
	parser, err := newParser(a)
	if err != nil {
		panic(err) // the grammar itself is wrong
	}
	if len(args) == 0 {
		return a.report(usageError("nothing to do: name a recipient with -r, or decrypt with -d"))
	}
	if args[0] == clidoc.CompleteCommand { // for the script of a shell
		return a.report(clidoc.Complete(a.stdout, parser.Model, args[1:]))
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return a.report(parseError(err))
	}
	a.grammar = ctx.Model.Target.Addr().Interface().(*grammar)

	signals := watchSignals()
	done := make(chan error, 1)
	go func() { done <- ctx.Run() }()
	for {
		select {
		case err := <-done:
			return a.report(err)
		case sig := <-signals:
			if a.stopGently() {
				continue
			}
			// A command may be blocked in a read that nothing ends but the end
			// of the process, so it is not waited for.
			a.interrupt()
			return interrupted(sig)
		}
	}
}

// watchSignals returns a channel of the signals that end the process, but for
// those that its parent made it ignore, as nohup does.
func watchSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// interrupted is the exit code that a shell gives to a process ended by sig.
func interrupted(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitIO
}
