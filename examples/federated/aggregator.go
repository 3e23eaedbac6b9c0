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
	"github.com/pqenc/pqenc/transfer"
)

// aggregatorRecord is what the aggregator writes down about a round.
type aggregatorRecord struct {
	Round     int
	Begun     time.Time // when it started to publish the model
	Published time.Time // when the model was on the server
	Averaged  time.Time // when the new model was there
	Counted   []string
	Refused   map[string]string `json:",omitempty"`
	Failed    string            `json:",omitempty"` // why the round does not count
	Weight    uint64            // samples in all updates
	In, Out   int64             // bytes of the round on all connections
	Accuracy  float64           // of the new model, per cent of the digits to test with
}

// keptModels is how many models stay on the server, for clients that are late.
const keptModels = 3

// aggregate is what the aggregator does.
func (p *party) aggregate(ctx context.Context) error {
	test, err := p.samples()
	if err != nil {
		return err
	}
	t := p.connect()
	defer t.Close()
	var in collector = newPlainCollector(p, t)
	if p.Secure {
		in = &secureCollector{p, t}
	}
	defer in.close()

	global := network.Init(p.shape(), p.Seed)
	judge := newJudge(p, test)
	n := news{}
	for n.Round = 1; n.Round <= p.Rounds; n.Round++ {
		r := &aggregatorRecord{Round: n.Round, Begun: time.Now()}
		in0, out0 := p.traffic.in.Load(), p.traffic.out.Load()
		if err := p.publish(ctx, t, n, global); err != nil {
			return fmt.Errorf("model of round %d: %w", n.Round, err)
		}
		r.Published = time.Now()
		p.at(ctx, n.Round, "published")
		if global, err = p.improve(ctx, in, global, &n, r); err != nil {
			return fmt.Errorf("round %d: %w", n.Round, err)
		}
		r.Averaged = time.Now()
		r.In, r.Out = p.traffic.in.Load()-in0, p.traffic.out.Load()-out0
		judge.models <- judged{r, global}
		if err := t.Delete(ctx, modelName(n.Round-keptModels)); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return err
		}
	}
	close(judge.models)
	n.Last = true
	return errors.Join(p.publish(ctx, t, n, global), <-judge.ended)
}

// improve collects the updates of a round, and returns the next model: the same one if the round
// has failed.
func (p *party) improve(ctx context.Context, in collector, global []float32, n *news, r *aggregatorRecord) ([]float32, error) {
	n.Counted, n.Refused = nil, nil
	o, err := in.collect(ctx, n.Round)
	if errors.As(err, new(missed)) {
		r.Failed = err.Error()
		fmt.Printf("round %d: failed: %v\n", r.Round, err)
		return global, nil
	}
	if err != nil {
		return nil, err
	}
	better := slices.Clone(global) // the judge has the old one
	addWeighted(better, o.mean, 1)
	p.describe(o, n, r)
	fmt.Printf("round %d: the model has the updates of %d of %d clients\n", r.Round, len(o.counted), len(p.clients))
	return better, nil
}

// describe writes down the outcome: for the clients, and in the record with their names.
func (p *party) describe(o *outcome, n *news, r *aggregatorRecord) {
	r.Weight = o.weight
	n.Refused, r.Refused = make(map[string]string), make(map[string]string)
	for _, c := range o.counted {
		n.Counted = append(n.Counted, c.String())
		r.Counted = append(r.Counted, p.nameOf(c))
	}
	for c, why := range o.refused {
		n.Refused[c.String()] = why
		r.Refused[p.nameOf(c)] = why
		fmt.Printf("round %d: update of %s does not count: %s\n", r.Round, p.nameOf(c), why)
	}
}

// judge measures the accuracy of models while the next round is running.
type judge struct {
	*party
	models chan judged
	ended  chan error
}

type judged struct {
	record *aggregatorRecord
	values []float32
}

func newJudge(p *party, test []network.Sample) *judge {
	j := &judge{p, make(chan judged, p.Rounds), make(chan error, 1)}
	go func() {
		var err error
		for m := range j.models {
			err = errors.Join(err, j.judge(m, test))
		}
		j.ended <- err
	}()
	return j
}

func (j *judge) judge(m judged, test []network.Sample) error {
	correct := network.New(j.shape(), m.values).Correct(test)
	r := m.record
	r.Accuracy = 100 * float64(correct) / float64(len(test))
	fmt.Printf("round %d: accuracy %.2f %%\n", r.Round, r.Accuracy)
	return j.note(r)
}
