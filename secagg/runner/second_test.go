// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/transfer"
)

// TestSecondAggregator runs a second aggregator of a round in the middle of it. The round ends as
// if nothing had happened.
func TestSecondAggregator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	all := h.honest("fl/1")
	all[0] = func(ctx context.Context) error {
		c := h.client(0, "fl/1")
		c.Claim = func() error {
			if _, err := h.aggregator("fl/1").Run(ctx, io.Discard); !errors.Is(err, transfer.ErrExists) {
				t.Errorf("the second aggregator: %v", err)
			}
			return nil
		}
		return c.Run(ctx, update(0))
	}
	o := h.run(h.aggregator("fl/1"), all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
}

// TestTwoAggregators starts two aggregators of a round at the same time. One of them runs it.
func TestTwoAggregators(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	var other bytes.Buffer
	second := make(chan error, 1)
	go func() {
		_, err := h.aggregator("fl/1").Run(t.Context(), &other)
		second <- err
	}()
	o := h.run(h.aggregator("fl/1"), h.honest("fl/1"))
	errs := []error{o.err, <-second}
	if err := errors.Join(o.clients...); err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if err == nil && errors.Is(errs[1-i], transfer.ErrExists) {
			checkMean(t, encoding, [][]byte{o.sum.Bytes(), other.Bytes()}[i], 0, 1, 2, 3)
			return
		}
	}
	t.Errorf("the aggregators: %v", errs)
}

// stopper stops the aggregator when the sum is written.
type stopper struct {
	bytes.Buffer
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	s.stop()
	return s.Buffer.Write(p)
}

// TestStoppedWithSum stops the aggregator when it has written the sum. It has that, and the clients
// learn it.
func TestStoppedWithSum(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	a := h.aggregator("fl/1")
	a.Dropped = 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sum := &stopper{stop: cancel}
	errs := make(chan error, len(h.members))
	for i := range h.members {
		go func() { errs <- h.client(i, "fl/1").Run(t.Context(), update(i)) }()
	}
	if _, err := a.Run(ctx, sum); err != nil {
		t.Fatal(err)
	}
	for range h.members {
		if err := <-errs; err != nil {
			t.Errorf("a client: %v", err)
		}
	}
	checkMean(t, encoding, sum.Bytes(), 0, 1, 2)
}

// TestEarlierMessage has a client send its advertisement once more, where its draw is expected. That
// is refused, though the protocol accepts a repetition.
func TestEarlierMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	all := h.honest("fl/1")
	all[4] = func(ctx context.Context) error {
		c := h.client(4, "fl/1")
		invitation, err := h.pulled(ctx, c, secagg.StepInvitation)
		if err != nil {
			return err
		}
		protocol, err := secagg.NewClient(secagg.ClientConfig{Identity: h.members[4], Members: c.Members, Floors: c.Floors})
		if err != nil {
			return err
		}
		defer protocol.Close()
		message, err := protocol.Handle(invitation[1:])
		for step := secagg.StepAdvertisement; err == nil && step <= secagg.StepDraw; step += 2 {
			err = h.pushed(ctx, c, step, message)
		}
		if err != nil {
			t.Error(err)
		}
		return errLeft
	}
	o := h.run(h.aggregator("fl/1"), all)
	if o.err != nil {
		t.Fatal(o.err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
	refused := h.happened(runner.Refused)
	if len(refused) != 1 || refused[0].Step != secagg.StepDraw || !errors.Is(refused[0].Err, secagg.ErrStep) {
		t.Errorf("refused: %v", refused)
	}
}

// TestLongMessage has a client send a message that is longer than any of so few members. It is not
// taken into memory.
func TestLongMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	all := h.honest("fl/1")
	all[3] = func(ctx context.Context) error {
		me, agg := h.members[3], testkit.Identity("aggregator").Public()
		file := sealed(t, me, "pqenc/v1/secagg/runner advertisement by "+me.Fingerprint().String()+" in fl/1", make([]byte, 1<<20), agg)
		name := "fl/1/from/advertisement/" + hexOf(me) + ".pqe"
		return h.client(3, "fl/1").Transfer.Push(ctx, name, bytes.NewReader(file), transfer.PushOptions{})
	}
	o := h.run(h.aggregator("fl/1"), all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	refused := h.happened(runner.Refused)
	if len(refused) != 1 || !strings.Contains(refused[0].Err.Error(), "longer than 81920 bytes") {
		t.Errorf("refused: %v", refused)
	}
}
