// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestFullServer has a server with room for one masked vector and a half. The clients send theirs
// one after the other.
func TestFullServer(t *testing.T) {
	t.Parallel()
	const length = 500_000
	h := newLimitedHouse(t, 4, server.Limits{StoreSize: 4*length*3/2 + 1<<20}) // messages take less than 1 MiB
	a := h.aggregator("fl/1")
	a.Encoding.Length = length
	turn := make(chan struct{}, 8)
	turn <- struct{}{}
	a.OnEvent = func(e runner.Event) {
		if e.Kind == runner.Received && e.Step == secagg.StepMasked {
			turn <- struct{}{}
		}
	}
	all := h.honest("fl/1")
	for i := range h.members {
		c := h.client(i, "fl/1")
		c.Transfer.GiveUpAfter = time.Second // of trying again, since somebody may make room
		c.Claim = func() error { <-turn; return nil }
		all[i] = func(ctx context.Context) error {
			err := c.Run(ctx, updateOf(length, i))
			if err != nil {
				turn <- struct{}{}
			}
			return err
		}
	}
	o := h.run(a, all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, a.Encoding, o.sum.Bytes(), 0, 1, 2, 3)
}
