// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"

	"github.com/pqenc/pqenc/keyfile"
)

// A sender hands in the updates of one client. There is one for each mode.
type sender interface {
	// send hands in the update of a round, the change of all parameters, with its weight. It
	// returns nil when the update has arrived, which does not mean that it counts. If the
	// error is missed, the client continues with the next round.
	send(ctx context.Context, round int, update []float32, weight uint32) error
}

// missed is the error of a round that has failed, or has continued without the client.
type missed struct{ error }

func (e missed) Unwrap() error { return e.error }

// A collector takes the updates of all clients. There is one for each mode.
type collector interface {
	// collect returns the mean of the updates of a round that arrive in time. If the round
	// has failed, but the next one could succeed, the error is missed.
	collect(ctx context.Context, round int) (*outcome, error)
	close()
}

// outcome is what a round has led to.
type outcome struct {
	mean    []float32 // of the updates by their weights
	weight  uint64    // the sum of the weights
	counted []keyfile.Fingerprint
	refused map[keyfile.Fingerprint]string // why
}
