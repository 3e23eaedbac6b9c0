// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// aggregator waits for the updates of a round, and answers with their mean.
type aggregator struct {
	id      *keyfile.Identity
	clients keyfile.Publics
	dir     string // where the server keeps its files
	size    int    // values in a model
	round   atomic.Int64
	commits chan server.Commit
	ended   chan struct{}   // closed when run has
	self    transfer.Client // of the server that it is in
}

func newAggregator(id *keyfile.Identity, dir string, size int) *aggregator {
	a := &aggregator{id: id, dir: dir, size: size, commits: make(chan server.Commit), ended: make(chan struct{})}
	a.self.Identity = id
	a.self.CheckServer = func(server keyfile.Fingerprint) error {
		if server != id.Fingerprint() {
			return transfer.ErrUnknownServer
		}
		return nil
	}
	a.round.Store(1)
	return a
}

func updateName(round int64, client int) string {
	return fmt.Sprintf("%d/update-%d.pqe", round, client)
}
func meanName(round int64) string { return fmt.Sprintf("%d/mean.pqe", round) }
func label(round int64) string    { return fmt.Sprintf("round %d", round) }

// client returns the number of a client, or -1.
func (a *aggregator) client(who keyfile.Fingerprint) int {
	return slices.Index(a.clients.Fingerprints(), who)
}

// Known implements [server.Authorizer].
func (a *aggregator) Known(who keyfile.Fingerprint) bool {
	return who == a.id.Fingerprint() || a.client(who) >= 0
}

// Authorize implements [server.Authorizer]. A client may push its own update of this
// round, more than once, and pull the means up to that of this round.
func (a *aggregator) Authorize(who keyfile.Fingerprint, op server.Operation, name string) (server.Grant, bool) {
	round, again := a.round.Load(), server.Grant{Overwrite: true}
	if who == a.id.Fingerprint() {
		return again, op == server.Push && name == meanName(round-1)
	}
	switch op {
	case server.Push:
		return again, name == updateName(round, a.client(who))
	case server.Pull:
		var of int64
		_, err := fmt.Sscanf(name, "%d/", &of)
		return server.Grant{}, err == nil && of <= round && name == meanName(of)
	}
	return server.Grant{}, false
}

// committed is called for each stored object. The client waits until it returns.
func (a *aggregator) committed(_ context.Context, c server.Commit) {
	if a.client(c.Client) < 0 {
		return
	}
	select {
	case a.commits <- c:
	case <-a.ended:
	}
}

// run runs the rounds.
func (a *aggregator) run(ctx context.Context) error {
	defer close(a.ended)
	for {
		mean := a.collect(ctx)
		// Clients that have the mean may push the next update.
		round := a.round.Add(1) - 1
		err := a.publish(ctx, round, mean)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", label(round), err)
		}
		slog.Info("round done", "round", round)
	}
}

// collect returns the mean of the updates of all clients in this round. The first good
// update of each client counts. When ctx is done, the result has no meaning.
func (a *aggregator) collect(ctx context.Context) []float32 {
	round := a.round.Load()
	mean, have := make([]float32, a.size), make(map[int]bool)
	for len(have) < len(a.clients) {
		select {
		case c := <-a.commits:
			client := a.client(c.Client)
			if have[client] || c.Name != updateName(round, client) {
				continue
			}
			update, err := a.open(c.Name, round, a.clients[client])
			if err != nil {
				slog.Warn("update not taken", "name", c.Name, "err", err)
				continue
			}
			have[client] = true
			for i, value := range update {
				mean[i] += value / float32(len(a.clients))
			}
		case <-ctx.Done():
			return nil
		}
	}
	return mean
}

// open reads the update that a client has signed for this round, from the files of the
// server.
func (a *aggregator) open(name string, round int64, from *keyfile.Public) ([]float32, error) {
	f, err := os.Open(filepath.Join(a.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	purpose := label(round)
	r, err := pqenc.DecryptSigned(f, pqenc.Policy{From: []pqenc.Sender{from}, Context: &purpose}, a.id)
	if err != nil {
		return nil, err
	}
	update := make([]float32, a.size)
	if err := binary.Read(r, binary.LittleEndian, update); err != nil {
		return nil, err
	}
	// The contents are verified only when the end was read.
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d bytes too many", n)
	}
	return update, err
}

// publish signs the mean for all clients, and pushes it as a client does: it appears
// atomically, and clients that follow it receive it during the push.
func (a *aggregator) publish(ctx context.Context, round int64, mean []float32) error {
	return a.self.PushFunc(ctx, meanName(round), func(w io.Writer) error {
		file, err := pqenc.EncryptSigned(w, a.id, label(round), a.clients.Recipients()...)
		if err == nil {
			err = binary.Write(file, binary.LittleEndian, mean)
		}
		if err != nil {
			return err
		}
		return file.Close()
	}, transfer.PushOptions{Overwrite: true})
}
