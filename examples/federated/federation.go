// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	server := f.child(serverRole)
	go func() { // without this, the parties try to reach it for some minutes
		<-server.ended
		cancel(fmt.Errorf("the server has ended: %w", cmp.Or(server.wait(), errors.New("it was stopped"))))
	}()
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
