// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Package measure runs one command and measures it. The program in bench/measure uses it,
// not the benchmark itself: until a process has become the command, the kernel counts the
// memory of its parent for it.
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Request is a command to run, in the current folder.
type Request struct {
	Args    []string
	Feed    []string // the command whose output is the input; empty: /dev/null is
	Drain   bool     // the output goes through a pipe to cat; otherwise to /dev/null
	OneCore bool
}

// Result has the measurements. Wall is from the start of the command to the end of the
// whole pipeline. The rest is for the command and its own child processes.
type Result struct {
	Wall, CPU time.Duration
	Memory    int64 // the maximum resident set, in KiB
}

// Run runs the command. All processes that it started have ended when it returns.
func Run(ctx context.Context, r Request) (Result, error) {
	if r.OneCore {
		runtime.LockOSThread() // what a thread starts runs where the thread does
		if err := useOneCore(); err != nil {
			return Result{}, err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, r.Args[0], r.Args[1:]...)
	cmd.Stderr = os.Stderr
	others, err := connect(ctx, cmd, r)
	if err != nil {
		return Result{}, err
	}
	begin := time.Now()
	err = runAll(append(others, cmd), stop)
	wall := time.Since(begin)
	if err != nil {
		return Result{}, err
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	memory := int64(usage.Maxrss)
	if runtime.GOOS == "darwin" {
		memory /= 1024 // there it is in bytes
	}
	return Result{Wall: wall, CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), Memory: memory}, nil
}

// connect gives cmd its input and output, and returns the commands at the other
// ends of its pipes.
func connect(ctx context.Context, cmd *exec.Cmd, r Request) (others []*exec.Cmd, err error) {
	if len(r.Feed) > 0 {
		feed := exec.CommandContext(ctx, r.Feed[0], r.Feed[1:]...)
		feed.Stderr = os.Stderr
		if err := pipe(feed, cmd); err != nil {
			return nil, err
		}
		others = append(others, feed)
	}
	if r.Drain {
		drain := exec.CommandContext(ctx, "cat")
		drain.Stderr = os.Stderr
		if err := pipe(cmd, drain); err != nil {
			return nil, err
		}
		if drain.Stdout, err = openNull(); err != nil {
			return nil, err
		}
		return append(others, drain), nil
	}
	cmd.Stdout, err = openNull()
	return others, err
}

func pipe(from, to *exec.Cmd) error {
	r, w, err := os.Pipe()
	from.Stdout, to.Stdin = w, r
	return err
}

// openNull opens /dev/null for writing only, as a shell does: pqenc takes one that can be
// read for a closed output.
func openNull() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_WRONLY, 0) }

// runAll starts the commands and waits for all of them. If one fails, the others
// are stopped.
func runAll(all []*exec.Cmd, stop func()) error {
	var failed []error
	started := 0
	for _, cmd := range all {
		err := cmd.Start()
		closeFiles(cmd)
		if err != nil {
			failed = append(failed, err)
			stop()
			break
		}
		started++
	}
	for _, cmd := range all[:started] {
		if err := cmd.Wait(); err != nil {
			failed = append(failed, fmt.Errorf("%q: %w", cmd.Args, err))
			stop()
		}
	}
	return errors.Join(failed...)
}

// closeFiles closes the files that were passed to a command: a pipe ends when all copies
// of its other end are closed.
func closeFiles(cmd *exec.Cmd) {
	for _, file := range []any{cmd.Stdin, cmd.Stdout} {
		if c, ok := file.(io.Closer); ok {
			c.Close()
		}
	}
}

// ErrCores is returned for a request for one core, on systems that do not support that.
var ErrCores = errors.New("keeping a command to one core needs Linux")
