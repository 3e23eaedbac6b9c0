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

// interruptPatience is how long a signal waits for the clean-up. Should a file
// system not answer, the process ends all the same.
const interruptPatience = 3 * time.Second

// watchSignals returns a channel of the signals that end the process, except those
// that its parent made it ignore, as nohup does with SIGHUP. Go tells that of SIGINT
// and SIGHUP only. SIGQUIT goes with SIGINT: a shell without job control ignores
// both for what it runs in the background. SIGABRT is left for those who want to see
// the goroutines of a process that hangs.
//
// A write to a pipe that nobody reads would end the process by SIGPIPE, if it was
// to standard output or standard error. Here it only fails: see results and messages.
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
			signal.Ignore(sig) // which Go would answer itself
		} else {
			signal.Notify(signals, sig)
		}
	}
	return signals
}

// supervise waits for a command, or for the signal that ends it, and returns the
// exit code.
func (a *app) supervise(done <-chan error, signals <-chan os.Signal) int {
	asked := os.Signal(nil) // what the command was asked to end by
	for {
		select {
		case err := <-done:
			code := a.end(err)
			if asked == syscall.SIGHUP && code == exitOK {
				return interrupted(asked) // nobody meant to end it
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

// interruptSoon cleans up, and returns what there is to say of it. The command is not
// waited for, since it may be blocked in a call that nothing ends except the end of the
// process. The clean-up may be blocked as well, and is waited for a while only.
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

// bySignal says which signal it was, unless that was Ctrl-C.
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

// interrupted is the exit code that a shell gives to a process ended by sig.
func interrupted(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitIO
}
