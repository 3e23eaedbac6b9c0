// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// collector collects the answers of one step.
type collector struct {
	*round
	step    secagg.Step
	folder  string
	began   time.Time
	moved   atomic.Int64 // when there was progress last, since began
	stored  int64        // bytes under the quotas of the aggregator
	untold  bool         // the server does not tell the quotas
	taken   map[signature.Fingerprint]bool
	refused map[signature.Fingerprint]error

	fetches sync.WaitGroup
	places  chan struct{} // a semaphore
	arrived chan fetched
	running int // fetches
}

func newCollector(r *round, step secagg.Step) *collector {
	c := &collector{round: r, step: step, began: time.Now(), stored: -1,
		folder: object{round: r.Round, side: fromClient, step: step.String()}.folder(),
		taken:  make(map[signature.Fingerprint]bool), refused: make(map[signature.Fingerprint]error),
		places: make(chan struct{}, messagesAtOnce), arrived: make(chan fetched, len(r.members))}
	if step == secagg.StepMasked {
		c.places = make(chan struct{}, vectorsAtOnce)
	}
	return c
}

// collect returns when all have answered, or when the time is over. Objects that are complete by
// then are still fetched.
func (c *collector) collect(ctx context.Context) error {
	defer c.fetches.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pause, closed := shortPause, false
	for {
		waiting := c.waiting()
		if len(waiting) == 0 {
			return nil
		}
		if !closed {
			closed = c.late() || c.enough(waiting)
			found, err := c.look(ctx, waiting)
			if err != nil {
				return err
			}
			pause = nextPause(pause, found)
		}
		if closed && c.running == 0 {
			return nil
		}
		select {
		case got := <-c.arrived:
			c.running--
			if err := c.take(got); err != nil {
				return err
			}
		case <-c.Wake:
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Pauses between two looks at the server.
const (
	shortPause = 10 * time.Millisecond
	longPause  = time.Second
)

// nextPause returns a longer pause if nothing was found, and the shortest one otherwise.
func nextPause(pause time.Duration, found bool) time.Duration {
	if found {
		return shortPause
	}
	return min(pause*5/4, longPause)
}

// waiting returns who can still answer.
func (c *collector) waiting() map[signature.Fingerprint]bool {
	all := make(map[signature.Fingerprint]bool)
	for _, client := range c.server.Waiting() {
		if c.refused[client] == nil {
			all[client] = true
		}
	}
	return all
}

// late reports whether the time of the step is over.
func (c *collector) late() bool {
	since := time.Since(c.began)
	if c.step == secagg.StepAdvertisement && c.Join > 0 {
		return since > c.Join
	}
	return since > cmp.Or(c.Limit, limitFactor*c.wait()) || since-time.Duration(c.moved.Load()) > c.wait()
}

// enough reports whether the program does not want to wait for these clients.
func (c *collector) enough(waiting map[signature.Fingerprint]bool) bool {
	return c.Enough != nil && c.Enough(c.step, slices.Collect(maps.Keys(waiting)))
}

// progress notes that something has moved.
func (c *collector) progress() { c.moved.Store(int64(time.Since(c.began))) }

// look asks the server for answers, and starts to fetch those that are new. If the server was away
// for long, clients could not reach it either, and try again less and less often: then the wait
// begins again.
func (c *collector) look(ctx context.Context, waiting map[signature.Fingerprint]bool) (found bool, err error) {
	began := time.Now()
	for o, err := range c.Transfer.List(ctx, c.folder) {
		if err != nil {
			return false, err
		}
		client, ok := clientOf(c.folder, o.Name)
		if !ok || !waiting[client] || c.taken[client] {
			continue
		}
		found, c.taken[client] = true, true
		c.fetch(ctx, client)
	}
	if found || c.growing(ctx) || time.Since(began) > c.wait()/2 {
		c.progress()
	}
	return found, nil
}

// growing reports whether clients have sent bytes since the last call, as far as the server tells
// that.
func (c *collector) growing(ctx context.Context) bool {
	if c.untold {
		return false
	}
	quotas, err := c.Transfer.Quota(ctx)
	if err != nil {
		c.untold = true
		return false
	}
	sum := int64(0)
	for _, q := range quotas {
		sum += q.Bytes
	}
	before := c.stored
	c.stored = sum
	return before >= 0 && sum > before
}

// take gives an answer to the protocol. It returns an error only if the round cannot continue.
func (c *collector) take(got fetched) error {
	c.progress()
	var sender *senderError
	switch {
	case errors.Is(got.err, transfer.ErrNotFound): // listed, and then removed
		got.err = &senderError{got.err}
	case got.err != nil && !errors.As(got.err, &sender):
		return got.err
	}
	size := int64(len(got.message))
	err := got.err
	if err == nil {
		err = c.accept(got)
	}
	if got.vector != nil {
		size += got.vector.size
	}
	e := Event{Kind: Received, Step: c.step, Client: got.client, Bytes: size, Took: time.Since(c.began)}
	if err != nil {
		c.refused[got.client] = err
		e.Kind, e.Bytes, e.Err = Refused, 0, err
	}
	c.tell(e)
	return nil
}

// accept gives an answer to the protocol, if it is of this step and of the client in whose name it was
// stored. The protocol would also take a repetition of an earlier one, and the statement of another
// client, whose vector would then not be in its place.
func (c *collector) accept(got fetched) error {
	by, err := secagg.SignerOf(got.message)
	if err != nil {
		return err
	}
	if step, _ := secagg.StepOf(got.message); step != c.step {
		return fmt.Errorf("%w: %v, where %v is expected", secagg.ErrStep, step, c.step)
	}
	if by != got.client {
		return fmt.Errorf("%w: it is a message of client %s", secagg.ErrMessage, by)
	}
	if got.vector == nil {
		_, err = c.server.Receive(got.message)
	} else {
		_, err = c.server.ReceiveMasked(got.message, got.vector.reader())
	}
	return err
}

// reason returns why a client has dropped out in this step.
func (c *collector) reason(client signature.Fingerprint) error {
	switch {
	case c.refused[client] != nil:
		return c.refused[client]
	case c.taken[client]:
		return errLeftOut
	}
	return errLate
}
