// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/transfer"
)

// In secure mode each round of the training is a round of secure aggregation, package
// secagg/runner. The objects of round 3 have names below secure/3.

const secureFolder = "secure"

func secureRound(round int) string { return secureFolder + "/" + strconv.Itoa(round) }

// secureRules are the lines of the access list for secure mode.
func secureRules(aggregator keyfile.Fingerprint, clients []keyfile.Fingerprint) (string, error) {
	return runner.Rules(secureFolder, aggregator, clients)
}

// encoding is how updates become integers.
func (s *settings) encoding() vector.Encoding {
	length := cmp.Or(s.Large, int64(s.shape().Values()))
	return vector.Encoding{Length: length, Width: 32, Clip: clip, FractionBits: fractionBits, MaxWeight: maxWeight}
}

const fractionBits = 16

// floors are what each client insists on.
func (s *settings) floors() secagg.Floors {
	e := s.encoding()
	return secagg.Floors{Clients: s.Fewest, Corrupt: s.Corrupt, Length: e.Length, Clip: e.Clip, FractionBits: e.FractionBits}
}

// secureSender takes part in rounds of secure aggregation.
type secureSender struct {
	*party
	transfer *transfer.Client
}

func (s *secureSender) send(ctx context.Context, round int, update []float32, weight uint32) error {
	c := s.secureClient(s.transfer, round)
	c.Claim = func() error { return s.claim(round, vector.Floats(update)) }
	c.OnEvent = func(e runner.Event) {
		if e.Kind == runner.Received {
			s.at(ctx, round, e.Step.String())
		}
	}
	return orMissed(c.Run(ctx, vector.NewUpdate(vector.Floats(update), weight)))
}

// orMissed returns the error of a round as missed if the next round can be better. That is so if
// another client is to blame, too: no client can end the training of others.
func orMissed(err error) error {
	for _, lost := range []error{runner.ErrDropped, runner.ErrFailed, runner.ErrRestarted, runner.ErrNoMessage, runner.ErrSent, secagg.ErrThreshold} {
		if errors.Is(err, lost) {
			return missed{err}
		}
	}
	if errors.As(err, new(*secagg.ClientError)) {
		return missed{err}
	}
	return err
}

// secureClient returns this client in a round.
func (p *party) secureClient(t *transfer.Client, round int) *runner.Client {
	c := &runner.Client{
		Transfer:   t,
		Identity:   p.id,
		Aggregator: p.aggregator,
		Floors:     p.floors(),
		Round:      secureRound(round),
		Wait:       p.Deadline + 10*p.Wait, // others may take as long in a step
	}
	for _, m := range p.clients {
		c.Members = append(c.Members, m)
	}
	return c
}

// claim notes on the client's disk that an update is sent, so that none is sent masked twice.
func (p *party) claim(round int, update io.Reader) error {
	if err := os.MkdirAll(p.file("sent"), 0o700); err != nil {
		return err
	}
	return runner.Claim(p.file("sent"), update, secureRound(round))
}

// secureCollector gets the sum of the updates, and no single one.
type secureCollector struct {
	*party
	transfer *transfer.Client
}

func (c *secureCollector) close() {}

func (c *secureCollector) collect(ctx context.Context, round int) (*outcome, error) {
	o := &outcome{refused: make(map[keyfile.Fingerprint]string)}
	a := c.secureAggregator(c.transfer, round)
	a.OnEvent = func(e runner.Event) { c.hear(round, e, o) }
	var sum bytes.Buffer
	result, err := a.Run(ctx, &sum)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	o.counted = result.Counted
	for _, client := range o.counted {
		delete(o.refused, client)
	}
	var mean bytes.Buffer
	if o.weight, err = a.Encoding.Mean(&mean, bytes.NewReader(sum.Bytes())); err != nil {
		return nil, missed{err}
	}
	o.mean, err = readFloats(&mean, c.shape().Values())
	return o, err
}

// secureAggregator returns the aggregator of a round.
func (p *party) secureAggregator(t *transfer.Client, round int) *runner.Aggregator {
	a := &runner.Aggregator{
		Transfer: t,
		Identity: p.id,
		Round:    secureRound(round),
		Encoding: p.encoding(),
		Clients:  p.Fewest,
		Corrupt:  p.Corrupt,
		Dropped:  p.Dropped,
		Join:     p.Deadline,
		Wait:     p.Wait,
		Work:     p.dir,
	}
	for _, m := range p.clients {
		a.Members = append(a.Members, m)
	}
	return a
}

// failed returns the error of a round. The next one may succeed, unless this process is ending.
func (c *secureCollector) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return missed{err}
}

// hear keeps the reasons why clients have dropped out.
func (c *secureCollector) hear(round int, e runner.Event, o *outcome) {
	switch e.Kind {
	case runner.Refused:
		fmt.Printf("round %d: %s of %s refused: %v\n", round, e.Step, c.nameOf(e.Client), e.Err)
	case runner.Dropped:
		o.refused[e.Client] = fmt.Sprintf("%s: %v", e.Step, e.Err)
	}
}
