// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruptPatience is how long a signal waits for the cleanup. If a file system does not
// answer, the process ends anyway.
const interruptPatience = 3 * time.Second

// watchSignals returns a channel of the signals that end the process, except those that
// the parent process ignores, as nohup does with SIGHUP. Go reports that only for SIGINT
// and SIGHUP. SIGQUIT is treated like SIGINT: a shell without job control ignores both
// for background jobs. SIGABRT still prints the goroutines of a process that hangs.
//
// Without this, writing to a pipe without a reader would end the process by SIGPIPE, if
// it is standard output or standard error. Now the write only fails: see results and
// messages.
func watchSignals() <-chan os.Signal {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	for sig, like := range map[os.Signal]os.Signal{
		os.Interrupt:    os.Interrupt,
		syscall.SIGQUIT: os.Interrupt,
		syscall.SIGHUP:  syscall.SIGHUP,
		syscall.SIGTERM: syscall.SIGTERM,
	} {
		if signal.Ignored(like) {
			signal.Ignore(sig) // otherwise Go would handle it itself
		} else {
			signal.Notify(signals, sig)
		}
	}
	return signals
}

// supervise waits for the command to end, or for a signal that ends it, and returns the
// exit code.
func (a *app) supervise(done <-chan error, signals <-chan os.Signal) int {
	asked := os.Signal(nil) // the signal that the command was asked to stop by
	for {
		select {
		case err := <-done:
			code := a.end(err)
			if asked == syscall.SIGHUP && code == exitOK {
				return interrupted(asked) // not an error to report
			}
			return code
		case sig := <-signals:
			if sig != syscall.SIGQUIT && a.stopGently() {
				asked = sig
				continue
			}
			a.print(bySignal(sig) + a.interruptSoon())
			a.stderr.flush()
			return interrupted(sig)
		}
	}
}

// interruptSoon cleans up, and returns a text for the user. It does not wait for the
// command, which may be blocked in a call that only the end of the process ends. The
// cleanup may block as well, and has a time limit.
func (a *app) interruptSoon() string {
	cleaned := make(chan string, 1)
	go func() { cleaned <- a.interrupt() }()
	select {
	case left := <-cleaned:
		return left
	case <-time.After(interruptPatience):
		return ": the disk does not answer, and hidden temporary files may be left"
	}
}

// bySignal names the signal, unless it was Ctrl-C.
func bySignal(sig os.Signal) string {
	switch sig {
	case syscall.SIGTERM:
		return "interrupted by SIGTERM"
	case syscall.SIGHUP:
		return "interrupted by SIGHUP"
	case syscall.SIGQUIT:
		return "interrupted by SIGQUIT"
	}
	return "interrupted"
}

// interrupted returns the exit code that a shell uses for a process ended by sig.
func interrupted(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitIO
}
