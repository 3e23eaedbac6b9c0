// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/network"
	"github.com/pqenc/pqenc/keyfile"
)

// Roles of processes.
const (
	aggregatorRole = "aggregator"
	clientRole     = "client"
	serverRole     = "server"
)

// federation is a run with all its processes. It plays the administrator: it makes the keys,
// writes the access list, gives each party its folder, and starts a client again that has died.
type federation struct {
	settings
	dir     string
	pqenc   string                 // the program
	onLine  func(who, line string) // gets each line that a process prints, one at a time
	holds   map[string]string      // where a party holds when it is started for the first time; see holdVariable
	server  *keyfile.Identity
	manager *keyfile.Identity // of the aggregator
	clients []*keyfile.Identity

	talk     sync.Mutex // of onLine
	mu       sync.Mutex // of what follows
	children map[string]*child
	ending   bool
}

// newFederation makes the keys of a run in a folder.
func newFederation(dir string, s settings, clients int) (*federation, error) {
	f := &federation{settings: s, dir: dir, onLine: func(string, string) {}, children: make(map[string]*child)}
	var err error
	if f.pqenc, err = buildProgram(dir); err != nil {
		return nil, err
	}
	if f.server, err = keyfile.GenerateWith(keyfile.Details{Name: serverRole}); err != nil {
		return nil, err
	}
	if f.manager, err = keyfile.GenerateWith(keyfile.Details{Name: aggregatorRole}); err != nil {
		return nil, err
	}
	for i := range clients {
		id, err := keyfile.GenerateWith(keyfile.Details{Name: fmt.Sprintf("%s-%d", clientRole, i+1)})
		if err != nil {
			return nil, err
		}
		f.clients = append(f.clients, id)
	}
	return f, nil
}

// buildProgram builds pqenc.
func buildProgram(dir string) (string, error) {
	program := filepath.Join(dir, "pqenc.exe") // a suffix that no system minds
	out, err := exec.Command("go", "build", "-o", program, "github.com/pqenc/pqenc/cmd/pqenc").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
}

func (f *federation) publics() (all keyfile.Publics) {
	for _, id := range f.clients {
		all = append(all, id.Public())
	}
	return all
}

// party returns the folder of a party.
func (f *federation) party(id *keyfile.Identity) *folder {
	return &folder{settings: f.settings, dir: filepath.Join(f.dir, id.Public().Name()), id: id,
		server: f.server.Public(), aggregator: f.manager.Public(), clients: f.publics()}
}

// rules returns the access list.
func (f *federation) rules() (string, error) {
	aggregator, clients := f.manager.Fingerprint(), f.publics().Fingerprints()
	rules := fmt.Sprintf("%s push,list,delete %s**\n", aggregator, modelFolder)
	for _, c := range clients {
		rules += fmt.Sprintf("%s pull,list %s**\n", c, modelFolder)
	}
	if !f.Secure {
		return rules + plainRules(aggregator, clients), nil
	}
	more, err := secureRules(aggregator, clients)
	return rules + more, err
}

// run starts all processes, the clients with a part of the samples each, and returns when the
// training has ended.
func (f *federation) run(ctx context.Context, parts [][]network.Sample, test []network.Sample) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer f.end()
	if err := f.serve(); err != nil {
		return err
	}
	if err := f.party(f.manager).write(test); err != nil {
		return err
	}
	for i, id := range f.clients {
		if err := f.party(id).write(parts[i]); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, f.end)()
	var clients sync.WaitGroup
	for _, id := range f.clients {
		clients.Go(func() {
			if err := f.keepRunning(id.Public().Name()); err != nil {
				cancel(err)
			}
		})
	}
	aggregator, err := f.start(aggregatorRole, aggregatorRole, f.holds[aggregatorRole])
	if err == nil {
		err = aggregator.wait()
	}
	if err != nil {
		cancel(err)
	}
	clients.Wait()
	return context.Cause(ctx)
}

// keepRunning runs a client to its end. If it is killed, it starts again.
func (f *federation) keepRunning(name string) error {
	hold := f.holds[name]
	for {
		c, err := f.start(clientRole, name, hold)
		if err != nil {
			return err
		}
		err = c.wait()
		if err == nil || !c.killed() {
			return err
		}
		f.mu.Lock()
		ending := f.ending
		f.mu.Unlock()
		if ending {
			return nil
		}
		f.say(name, "was killed, and starts again")
		hold = ""
	}
}

// serve starts the server, and waits until it listens.
func (f *federation) serve() error {
	dir := filepath.Join(f.dir, serverRole)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	rules, err := f.rules()
	if err != nil {
		return err
	}
	allow, key, address := filepath.Join(dir, "allow"), filepath.Join(dir, keyFile), filepath.Join(dir, "address")
	if err := os.WriteFile(allow, []byte(rules), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(key, f.server.Marshal(), 0o600); err != nil {
		return err
	}
	c, err := f.launch(serverRole, exec.Command(f.pqenc, "serve", "--dir", filepath.Join(dir, "store"), "--listen", "127.0.0.1:0",
		"--address-file", address, "-i", key, "--allow", allow, "--log-level", "warn", "--grace", "1s"))
	if err != nil {
		return err
	}
	for {
		if text, err := os.ReadFile(address); err == nil {
			f.URL = "ws://" + strings.TrimSpace(string(text)) + "/pqenc"
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("the server has ended: %w", c.wait())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

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
