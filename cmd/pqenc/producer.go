// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// fromCommand is the flag that makes pqenc run the command itself. In a pipe of the
// shell, the reader does not learn that the writer failed: its input just ends, and would
// replace a good file.
const fromCommand = "--from-command"

// splitCommand splits the arguments at the command. Without the flag, it leaves "--" to
// the parser, and command is nil.
func splitCommand(args []string) (own, command []string) {
	i := slices.Index(args, "--")
	if i < 0 || !slices.Contains(args[:i], fromCommand) {
		return args, nil
	}
	return args[:i], args[i+1:]
}

// producer is a command whose output is the input. The first Read starts it, when all
// questions have been answered.
type producer struct {
	name  string
	cmd   *exec.Cmd
	out   *os.File
	group bool // it has its own process group

	failure error // of the command

	mu      sync.Mutex
	running bool
	stopped bool
}

// newProducer prepares the command of --from-command. It inherits standard input and
// standard error, as in a pipe.
func (a *app) newProducer() (*input, error) {
	if len(a.command) == 0 {
		return nil, usageError(fromCommand+" needs a command", "write it at the end, after --")
	}
	p := &producer{name: filepath.Base(a.command[0]), cmd: exec.Command(a.command[0], a.command[1:]...)}
	if p.cmd.Err != nil {
		return nil, p.failed("was not started", p.cmd.Err)
	}
	p.cmd.Stdin, p.cmd.Stderr = a.stdin, a.stderr.file
	p.group = ownGroup(p.cmd)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.out, p.cmd.Stdout = r, w
	a.mu.Lock()
	a.producer = p
	a.mu.Unlock()
	in, err := newInput(r, "the output of "+p.name)
	if err == nil {
		in.stream, in.producer = p, p
	}
	return in, err
}

// start starts the command, unless it was started or stopped before.
func (p *producer) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd.Process != nil || p.stopped {
		return nil
	}
	err := p.cmd.Start()
	p.cmd.Stdout.(*os.File).Close() // otherwise its end would go unnoticed
	if err != nil {
		return p.failed("was not started", err)
	}
	p.running = true
	return nil
}

// Read returns the output. It returns io.EOF only if the command succeeded.
func (p *producer) Read(b []byte) (int, error) {
	if err := p.start(); err != nil {
		return 0, err
	}
	n, err := p.out.Read(b)
	if err == io.EOF && p.running {
		failed := p.cmd.Wait()
		p.mu.Lock()
		p.running = false
		p.mu.Unlock()
		if failed != nil {
			if !p.group && interruptedBy(p.cmd.ProcessState) {
				time.Sleep(interruptWait)
			}
			p.failure = p.failed("failed", failed)
		}
	}
	if err == io.EOF && p.failure != nil {
		err = p.failure
	}
	return n, err
}

// interruptWait is how long to wait after the command was ended by Ctrl-C: the same
// Ctrl-C ends this process, but may arrive a little later on a busy machine.
const interruptWait = time.Second

// failed returns the error of the command. It does not quote the arguments, which may be
// secret.
func (p *producer) failed(what string, err error) error {
	var path *os.PathError
	var search *exec.Error
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &search):
		err = search.Err
	}
	return &failure{fmt.Errorf("the command %s %s: %w", p.name, what, err), exitCommand, nil}
}

// stop stops the command, without waiting for its end.
func (p *producer) stop() {
	if p == nil {
		return
	}
	p.out.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.running {
		terminate(p.cmd.Process, p.group)
	}
}
