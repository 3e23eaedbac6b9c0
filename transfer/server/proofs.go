// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"context"
	"sync"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Reading back what there is of a partial costs a client nothing and the server much.
const (
	maxProofs       = 4 // at a time
	maxProofsPerKey = 2
)

// proofs counts the partials that are being read back.
type proofs struct {
	mu    sync.Mutex
	all   int
	by    map[signature.Fingerprint]int
	freed chan struct{} // closed when there is room again
}

// enter waits until there is room for one more of that client, but not for long.
func (p *proofs) enter(ctx context.Context, client signature.Fingerprint) (leave func(), err error) {
	timer := time.NewTimer(takeOverTime)
	defer timer.Stop()
	for {
		freed := p.take(client)
		if freed == nil {
			return func() { p.leave(client) }, nil
		}
		select {
		case <-freed:
		case <-timer.C:
			return nil, wire.ErrBusy
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take takes a place, or returns what is closed when there may be one.
func (p *proofs) take(client signature.Fingerprint) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == maxProofs || p.by[client] == maxProofsPerKey {
		if p.freed == nil {
			p.freed = make(chan struct{})
		}
		return p.freed
	}
	if p.by == nil {
		p.by = make(map[signature.Fingerprint]int)
	}
	p.all++
	p.by[client]++
	return nil
}

func (p *proofs) leave(client signature.Fingerprint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.by[client]--; p.by[client] == 0 {
		delete(p.by, client)
	}
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
}
