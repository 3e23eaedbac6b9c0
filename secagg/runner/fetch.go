// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"context"
	"io"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

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
	message, err := c.mail.receive(ctx, o, from, longestFrom(len(c.members)), transfer.PullOptions{Small: true})
	if err == nil {
		err = report(message)
	}
	if err != nil || into == nil {
		return message, err
	}
	o.step = vectorStep
	if err := c.mail.fetch(ctx, o, from, into.size, &meter{into.writer(), c.progress}); err != nil {
		return nil, err
	}
	// That makes room for other vectors, and in the end for the objects that say how the round
	// has ended, on a server whose disk is full.
	c.Transfer.Delete(ctx, o.name())
	return message, nil
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
