// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

// clientRecord is what a client writes down about a round.
type clientRecord struct {
	Round   int
	Trained time.Time     // when the training was over
	Train   time.Duration // how long it took
	In, Out int64         // bytes of the round on all connections
	Missed  string        // why the update does not count, if the client knows
}

// learn is what a client does.
func (p *party) learn(ctx context.Context) error {
	samples, err := p.samples()
	if err != nil {
		return err
	}
	t := p.connect()
	defer t.Close()
	var out sender = &plainSender{p, t}
	if p.Secure {
		out = &secureSender{p, t}
	}
	for next := 1; ; next++ {
		in0, out0 := p.traffic.in.Load(), p.traffic.out.Load()
		n, global, err := p.fetch(ctx, t, next)
		if err != nil {
			return err
		}
		p.hear(n, next)
		if n.Last {
			return nil
		}
		next = n.Round
		p.at(ctx, next, "pulled")
		r := clientRecord{Round: next}
		update, weight := p.train(global, samples, &r)
		p.at(ctx, next, "trained")
		err = out.send(ctx, next, update, weight)
		if errors.As(err, new(missed)) {
			r.Missed = err.Error()
			fmt.Printf("round %d: this update does not count: %v\n", next, err)
			err = nil
		}
		if err != nil {
			return fmt.Errorf("round %d: %w", next, err)
		}
		r.In, r.Out = p.traffic.in.Load()-in0, p.traffic.out.Load()-out0
		if err := p.note(r); err != nil {
			return err
		}
	}
}

// hear reports what the aggregator says about the update of the round before, if this process
// was there. next is the round that it would do next.
func (p *party) hear(n news, next int) {
	self := p.id.Fingerprint().String()
	switch {
	case next > 1 && n.Round > next:
		fmt.Printf("round %d: this client has missed rounds since round %d\n", n.Round, next-1)
	case next > 1 && !slices.Contains(n.Counted, self):
		why := n.Refused[self]
		if why == "" {
			why = "it is not in the sum"
		}
		fmt.Printf("round %d: the aggregator did not count this update: %s\n", next-1, why)
	}
}

// train trains the model with a part of the samples, another one in each round, and returns the
// change and its weight: the number of samples.
func (p *party) train(global []float32, samples []network.Sample, r *clientRecord) (update []float32, weight uint32) {
	begin := time.Now()
	some := partOf(samples, r.Round-1, p.Parts)
	values := slices.Clone(global)
	network.New(p.shape(), values).Train(some, p.Rate)
	for i := range values {
		values[i] = max(-clip, min(values[i]-global[i], clip))
	}
	r.Trained = time.Now()
	r.Train = r.Trained.Sub(begin)
	return values, uint32(len(some))
}

// partOf returns one of n parts of the samples, in turn.
func partOf(samples []network.Sample, i, n int) []network.Sample {
	i %= n
	part := samples[len(samples)*i/n : len(samples)*(i+1)/n]
	return part[:min(len(part), maxWeight)]
}
