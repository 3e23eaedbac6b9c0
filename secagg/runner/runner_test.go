// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// TestRound runs a round of four clients.
func TestRound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	o := h.run(a, h.honest("fl/1"))
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
	if len(o.result.Counted) != 4 || len(o.result.Dropped) != 0 {
		t.Errorf("counted %v, dropped %v", o.result.Counted, o.result.Dropped)
	}
	if names := left(t, a.Work); len(names) > 0 {
		t.Errorf("it left %v", names)
	}
	for kind, want := range map[runner.Kind]int{runner.Sent: 24, runner.Received: 24, runner.Ended: 6, runner.Refused: 0, runner.Dropped: 0} {
		if got := h.happened(kind); len(got) != want {
			t.Errorf("%d events %q, want %d", len(got), kind, want)
		}
	}
	for _, e := range h.happened(runner.Received) {
		if e.Step == secagg.StepMasked && e.Bytes < encoding.Size() {
			t.Errorf("a masked vector of %d bytes", e.Bytes)
		}
	}
	for o, err := range a.Transfer.List(t.Context(), "fl/1/from/vector/") {
		t.Errorf("%s is left: %v", o.Name, err)
	}
	if err := runner.Remove(t.Context(), a.Transfer, "fl/1"); err != nil {
		t.Fatal(err)
	}
	for o, err := range a.Transfer.List(t.Context(), "") {
		t.Errorf("%s is left: %v", o.Name, err)
	}
}

// TestLeave has a client leave at each step. The round ends without its vector if it leaves before
// that is sent, and with it otherwise.
func TestLeave(t *testing.T) {
	for step := secagg.StepAdvertisement; step <= secagg.StepReveal; step += 2 {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			a := h.aggregator("fl/1")
			all := h.honest("fl/1")
			all[2] = h.leaves(2, "fl/1", step)
			o := h.run(a, all)
			if !errors.Is(o.clients[2], errLeft) {
				t.Fatalf("the client has not left: %v", o.clients[2])
			}
			o.clients[2] = nil
			if err := errors.Join(append(o.clients, o.err)...); err != nil {
				t.Fatal(err)
			}
			want := []int{0, 1, 3, 4}
			if step > secagg.StepMasked {
				want = []int{0, 1, 2, 3, 4}
			}
			checkMean(t, encoding, o.sum.Bytes(), want...)
			gone := h.happened(runner.Dropped)
			if step == secagg.StepReveal { // nobody waits for it any more
				if len(gone) != 0 {
					t.Errorf("dropped: %v", gone)
				}
				return
			}
			if len(gone) != 1 || gone[0].Client != h.members[2].Fingerprint() || gone[0].Step != step || gone[0].Err == nil {
				t.Errorf("dropped: %v", gone)
			}
		})
	}
}

// TestTooFew has all but two clients leave. The others learn why there is no sum.
func TestTooFew(t *testing.T) {
	t.Parallel()
	for _, step := range []secagg.Step{secagg.StepAdvertisement, secagg.StepDeal, secagg.StepReveal} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 4)
			a := h.aggregator("fl/1")
			all := h.honest("fl/1")
			all[0], all[1] = h.leaves(0, "fl/1", step), h.leaves(1, "fl/1", step)
			o := h.run(a, all)
			if !errors.Is(o.err, secagg.ErrThreshold) {
				t.Errorf("the aggregator: %v", o.err)
			}
			for _, err := range o.clients[2:] {
				if !errors.Is(err, runner.ErrFailed) {
					t.Errorf("a client: %v", err)
				}
			}
		})
	}
}

// TestLate has a client answer after the time of the step. It learns that the round has continued.
func TestLate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	dropped := make(chan struct{})
	a.OnEvent = func(e runner.Event) {
		if e.Kind == runner.Dropped {
			close(dropped)
		}
	}
	a.Enough = func(step secagg.Step, waiting []signature.Fingerprint) bool {
		return step == secagg.StepMasked && len(waiting) == 1
	}
	all := h.honest("fl/1")
	all[3] = func(ctx context.Context) error {
		c := h.client(3, "fl/1")
		c.Claim = func() error { <-dropped; return nil }
		return c.Run(ctx, update(3))
	}
	o := h.run(a, all)
	if o.err != nil || !errors.Is(o.clients[3], runner.ErrDropped) {
		t.Fatalf("aggregator: %v, the late client: %v", o.err, o.clients[3])
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2)
}

// TestRestart starts a client again after each of its steps. The second process must notice that
// it has dropped out.
func TestRestart(t *testing.T) {
	for step := secagg.StepDraw; step <= secagg.StepReveal; step += 2 {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 4)
			a := h.aggregator("fl/1")
			all := h.honest("fl/1")
			all[1] = func(ctx context.Context) error {
				if err := h.leaves(1, "fl/1", step)(ctx); !errors.Is(err, errLeft) {
					return err
				}
				return h.client(1, "fl/1").Run(ctx, update(1))
			}
			o := h.run(a, all)
			if !errors.Is(o.clients[1], runner.ErrRestarted) {
				t.Errorf("the second process: %v", o.clients[1])
			}
			o.clients[1] = nil
			if err := errors.Join(append(o.clients, o.err)...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEarlyRestart starts a client again that had sent nothing. It takes part.
func TestEarlyRestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	all := h.honest("fl/1")
	all[1] = func(ctx context.Context) error {
		if err := h.leaves(1, "fl/1", secagg.StepAdvertisement)(ctx); !errors.Is(err, errLeft) {
			return err
		}
		return h.client(1, "fl/1").Run(ctx, update(1))
	}
	a := h.aggregator("fl/1")
	o := h.run(a, all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
}

// TestSameRound runs a round under a name that was used before.
func TestSameRound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	if o := h.run(h.aggregator("fl/1"), h.honest("fl/1")); o.err != nil {
		t.Fatal(o.err)
	}
	if o := h.run(h.aggregator("fl/1"), nil); !errors.Is(o.err, transfer.ErrExists) {
		t.Errorf("the second round of that name: %v", o.err)
	}
}

// TestStopped stops the aggregator while it waits. The clients learn that, and no file is left.
func TestStopped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	errs := make(chan error, 3)
	for i := range 3 {
		go func() {
			c := h.client(i, "fl/1")
			c.OnEvent = func(e runner.Event) {
				if e.Kind == runner.Sent && i == 0 {
					stop(errLeft)
				}
			}
			errs <- c.Run(t.Context(), update(i))
		}()
	}
	if _, err := a.Run(ctx, nil); !errors.Is(err, errLeft) {
		t.Errorf("the aggregator: %v", err)
	}
	for range 3 {
		if err := <-errs; !errors.Is(err, runner.ErrFailed) {
			t.Errorf("a client: %v", err)
		}
	}
	if names := left(t, a.Work); len(names) > 0 {
		t.Errorf("it left %v", names)
	}
}

// TestNoMessage has a client wait for an aggregator that is not there.
func TestNoMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	c := h.client(0, "fl/1")
	c.Wait = 100 * time.Millisecond
	if err := c.Run(t.Context(), update(0)); !errors.Is(err, runner.ErrNoMessage) {
		t.Error(err)
	}
}

// soak is for measurements: go test -run TestManyRounds -soak 200
var soak = flag.Int("soak", 60, "the number of rounds of TestManyRounds")

// TestManyRounds runs rounds one after the other with the same connections, and random clients
// that leave.
func TestManyRounds(t *testing.T) {
	t.Parallel()
	rounds := *soak
	if testing.Short() {
		rounds = 5
	}
	h := newHouse(t, 5)
	agg := h.aggregator("")
	var connections []*transfer.Client
	for i := range h.members {
		connections = append(connections, h.client(i, "").Transfer)
	}
	for n := range rounds {
		round := fmt.Sprint("fl/", n)
		a := *agg
		a.Round = round
		leaver := n % 12 // of them 5 leave, each at another step
		all := make(map[int]func(context.Context) error)
		for i := range h.members {
			all[i] = func(ctx context.Context) error {
				c := h.client(i, round)
				c.Transfer = connections[i]
				ctx, stop := context.WithCancelCause(ctx)
				defer stop(nil)
				if i == leaver {
					c.OnEvent = func(e runner.Event) {
						if e.Step == secagg.StepRoster+secagg.Step(2*i) && e.Kind == runner.Received {
							stop(errLeft)
						}
					}
				}
				return c.Run(ctx, update(i))
			}
		}
		o := h.run(&a, all)
		clear(h.gone)
		if leaver < len(o.clients) && errors.Is(o.clients[leaver], errLeft) {
			o.clients[leaver] = nil
		}
		if err := errors.Join(append(o.clients, o.err)...); err != nil {
			t.Fatalf("round %d: %v", n, err)
		}
		want := []int{0, 1, 2, 3, 4}
		if leaver < 3 { // before its vector is sent
			want = slices.Delete(want, leaver, leaver+1)
		}
		checkMean(t, encoding, o.sum.Bytes(), want...)
		if err := runner.Remove(t.Context(), a.Transfer, round); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRules requires that clients can do nothing with the objects of others.
func TestRules(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	a := h.aggregator("fl/1")
	other := hexOf(h.members[1]) + ".pqe"
	own := hexOf(h.members[0]) + ".pqe"
	c := h.connect(h.members[0])
	for _, name := range []string{"fl/1/from/draw/" + other, "fl/1/to/draw/" + own, "fl/1/" + own, "other/1/from/draw/" + own, "fl/1/2/from/draw/" + own} {
		if err := push(t, c, name); !errors.Is(err, transfer.ErrDenied) {
			t.Errorf("push %s: %v", name, err)
		}
	}
	for _, name := range []string{"fl/1/to/draw/" + other, "fl/1/from/draw/" + own} {
		if err := c.Pull(t.Context(), name, nil, transfer.PullOptions{}); !errors.Is(err, transfer.ErrDenied) {
			t.Errorf("pull %s: %v", name, err)
		}
	}
	if err := push(t, c, "fl/1/from/draw/"+own); err != nil {
		t.Error(err)
	}
	if err := push(t, a.Transfer, "fl/1/to/draw/"+own); err != nil {
		t.Error(err)
	}
	for _, prefix := range []string{"", "fl/", "f l", "fl/*", "fl#", "[f]", "../fl"} {
		if rules, err := runner.Rules(prefix, signature.Fingerprint{}, nil); err == nil {
			t.Errorf("rules for %q: %s", prefix, rules)
		}
	}
}
