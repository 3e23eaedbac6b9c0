// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// start starts a party as a process of this program.
func (f *federation) start(role, name, hold string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, role, filepath.Join(f.dir, name))
	cmd.Env = append(os.Environ(), holdVariable+"="+hold)
	return f.launch(name, cmd)
}

func (f *federation) say(who, line string) {
	f.talk.Lock()
	defer f.talk.Unlock()
	f.onLine(who, line)
}

func (f *federation) launch(name string, cmd *exec.Cmd) (*child, error) {
	c := &child{name: name, cmd: cmd, ended: make(chan struct{})}
	c.lines.print = func(line string) { f.say(name, line) }
	cmd.Stdout, cmd.Stderr = &c.lines, &c.lines
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		return nil, errors.New("the run is ending")
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f.children[name] = c
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// child returns the process of a party.
func (f *federation) child(name string) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.children[name]
}

// end ends all processes, and waits for them.
func (f *federation) end() {
	f.mu.Lock()
	f.ending = true
	all := f.children
	f.mu.Unlock()
	for name, c := range all {
		if name == serverRole {
			defer c.stop()
		} else {
			c.stop()
		}
	}
}

// child is a process.
type child struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines lineWriter
	ended chan struct{}
	err   error // when it has ended
}

// wait waits for the end, and returns an error with the last line that was printed.
func (c *child) wait() error {
	<-c.ended
	if c.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %s", c.name, c.err, c.lines.last)
}

// killed reports whether the process was ended by a signal.
func (c *child) killed() bool { return c.cmd.ProcessState.ExitCode() < 0 }

// kill is kill -9.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.ended
}

// stop ends the process if it is running. Parties end with their stdin.
func (c *child) stop() {
	c.stdin.Close()
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.kill()
	}
}

// lineWriter calls print for each line.
type lineWriter struct {
	print func(line string)
	rest  []byte
	last  string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.last, w.rest = string(line), slices.Clone(rest)
		w.print(w.last)
	}
}
