// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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

// fetched is what a fetch has got.
type fetched struct {
	client  signature.Fingerprint
	message []byte
	vector  *slot // of a masked vector
	err     error
}

// Fetches at once. Each vector is decrypted on all cores.
const (
	messagesAtOnce = 16
	vectorsAtOnce  = 2
)

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
	wait := cmp.Or(c.Wait, defaultWait)
	since := time.Since(c.began)
	if c.step == secagg.StepAdvertisement && c.Join > 0 {
		return since > c.Join
	}
	return since > cmp.Or(c.Limit, limitFactor*wait) || since-time.Duration(c.moved.Load()) > wait
}

// enough reports whether the program does not want to wait for these clients.
func (c *collector) enough(waiting map[signature.Fingerprint]bool) bool {
	return c.Enough != nil && c.Enough(c.step, slices.Collect(maps.Keys(waiting)))
}

// progress notes that something has moved.
func (c *collector) progress() { c.moved.Store(int64(time.Since(c.began))) }

// look asks the server for answers, and starts to fetch those that are new.
func (c *collector) look(ctx context.Context, waiting map[signature.Fingerprint]bool) (found bool, err error) {
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
	if found || c.growing(ctx) {
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

// fetch starts to fetch the answer of a client.
func (c *collector) fetch(ctx context.Context, client signature.Fingerprint) {
	got := fetched{client: client}
	if c.step == secagg.StepMasked {
		got.vector = c.vectors.reserve(client)
	}
	c.running++
	c.fetches.Go(func() {
		select {
		case c.places <- struct{}{}:
			defer func() { <-c.places }()
			got.message, got.err = c.pull(ctx, client, got.vector)
		case <-ctx.Done():
			got.err = context.Cause(ctx)
		}
		c.arrived <- got
	})
}

// pull pulls a message, and a masked vector into its slot.
func (c *collector) pull(ctx context.Context, client signature.Fingerprint, into *slot) ([]byte, error) {
	from := c.members[client]
	o := object{c.Round, fromClient, c.step.String(), client}
	message, err := c.mail.receive(ctx, o, from, transfer.PullOptions{Small: true})
	if err != nil || into == nil {
		return message, err
	}
	o.step = vectorStep
	return message, c.mail.fetch(ctx, o, from, into.size, &meter{into.writer(), c.progress})
}

// meter reports progress.
type meter struct {
	io.Writer
	progress func()
}

func (m *meter) Write(p []byte) (int, error) {
	m.progress()
	return m.Writer.Write(p)
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

// accept checks an answer, and that it is of the client in whose name it was stored.
func (c *collector) accept(got fetched) error {
	var by signature.Fingerprint
	var err error
	if got.vector == nil {
		by, err = c.server.Receive(got.message)
	} else {
		by, err = c.server.ReceiveMasked(got.message, got.vector.reader())
	}
	if err == nil && by != got.client {
		err = fmt.Errorf("%w: it is a message of client %s", secagg.ErrMessage, by)
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

var errLeftOut = errors.New("others do not count it")
