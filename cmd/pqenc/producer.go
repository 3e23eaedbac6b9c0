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

// fromCommand is the flag that has pqenc run the command in front of the pipe. A shell
// does not tell whoever reads a pipe that its writer has failed: what comes through
// just ends, and would replace what is good.
const fromCommand = "--from-command"

// splitCommand cuts that command off the arguments. Without the flag "--" is left to
// the parser, and command is nil.
func splitCommand(args []string) (own, command []string) {
	i := slices.Index(args, "--")
	if i < 0 || !slices.Contains(args[:i], fromCommand) {
		return args, nil
	}
	return args[:i], args[i+1:]
}

// producer is a command whose output is the input. It starts with the first Read,
// when all questions have been answered.
type producer struct {
	name  string
	cmd   *exec.Cmd
	out   *os.File
	group bool // it is in a process group of its own

	failure error // of its end

	mu      sync.Mutex
	running bool
	stopped bool
}

// newProducer prepares the command of --from-command. It reads standard input, and
// writes to standard error, as it would in front of a pipe.
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

// start starts the command, if it has not been started or stopped.
func (p *producer) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd.Process != nil || p.stopped {
		return nil
	}
	err := p.cmd.Start()
	p.cmd.Stdout.(*os.File).Close() // or its end would not be seen
	if err != nil {
		return p.failed("was not started", err)
	}
	p.running = true
	return nil
}

// Read returns the output. It ends in io.EOF only if the command has succeeded.
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

// interruptWait is how long the end of a command by Ctrl-C waits for the same Ctrl-C to
// end this process, which it reaches a little later on a busy machine.
const interruptWait = time.Second

// failed says what became of the command. Its arguments may be secret.
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

// stop ends the command, and does not wait for that.
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
