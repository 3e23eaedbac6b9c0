// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// Aggregator runs rounds: it collects the messages of the clients, and gets the sum.
type Aggregator struct {
	// Transfer is the connection to the server. Its key must have the rights of [Rules].
	Transfer *transfer.Client
	// Identity is the private key of the aggregator.
	Identity Identity
	// Members are the clients that are invited.
	Members []Member
	// Round is the name of the round. Each name is used once.
	Round string

	// Encoding, Clients, Corrupt and Dropped are as in [secagg.ServerConfig].
	Encoding                  vector.Encoding
	Clients, Corrupt, Dropped int

	// Join is how long clients may take for their first message, such as until they have
	// finished training. Zero is Wait.
	Join time.Duration
	// Wait is how long a step takes without any progress, and Limit is how long it takes at most.
	// Zero is a minute, and ten times Wait. Bytes that clients send are progress if the server
	// tells how much there is, as pqenc serve does with quotas and without them. Bytes that the
	// aggregator pulls always are.
	Wait, Limit time.Duration
	// Enough, if set, reports whether a step may end now although it waits for these clients, such
	// as when the program knows that they are gone. It is called at every look.
	Enough func(step secagg.Step, waiting []signature.Fingerprint) bool
	// Work is the folder of a temporary file with all masked vectors; empty is that of the
	// system. Only its owner can read it, and it is removed in the end.
	Work string
	// Wake, if not nil, makes the aggregator look for messages at once, whenever something
	// arrives. In the process of the server, OnCommit can send to it. Without it the aggregator
	// asks the server, up to 100 times a second at first, and once a second after a while.
	Wake <-chan struct{}
	// OnEvent, if set, is told what happens. It is not called concurrently.
	OnEvent func(Event)
}

// Defaults of Wait, and of Limit as a multiple of Wait.
const (
	defaultWait = time.Minute
	limitFactor = 10
)

// Run runs a round and writes the sum, of Encoding.Size bytes, to sum. The clients learn how the
// round has ended, if the server can be reached within Wait. Their vectors are deleted from the
// server; see [Remove] for the rest.
//
// If a client is to blame for an error, that wraps a [secagg.ClientError].
func (a *Aggregator) Run(ctx context.Context, sum io.Writer) (secagg.Result, error) {
	r, err := a.newRound()
	if err != nil {
		return secagg.Result{}, err
	}
	defer r.vectors.close()
	err = r.claim(ctx)
	if errors.Is(err, transfer.ErrExists) { // another aggregator may still be running it
		return secagg.Result{}, err
	}
	var result secagg.Result
	if err == nil {
		result, err = r.run(ctx, sum)
	}
	r.end(ctx, err)
	return result, err
}

// Remove deletes all objects of a round. Do that only when the round has ended for all clients: a
// client that is started again could otherwise take part again.
func Remove(ctx context.Context, t *transfer.Client, round string) error {
	if err := checkRound(round); err != nil {
		return err
	}
	return removeAll(ctx, t, round+"/")
}

// removeAll deletes all objects whose names begin with a prefix, as they are listed: a server can
// list millions.
func removeAll(ctx context.Context, t *transfer.Client, prefix string) error {
	for o, err := range t.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if err := t.Delete(ctx, o.Name); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return err
		}
	}
	return nil
}
