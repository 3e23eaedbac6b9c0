// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"sync"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Limits of how many partials are read at a time: a CHECK costs the client nothing.
const (
	maxProofs       = 4
	maxProofsPerKey = 2
)

// proofs counts the partials that are being read for a CHECK.
type proofs struct {
	mu  sync.Mutex
	all int
	by  map[signature.Fingerprint]int
}

// enter counts one more for that client, if the limits allow it.
func (p *proofs) enter(client signature.Fingerprint) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == maxProofs || p.by[client] == maxProofsPerKey {
		return nil, wire.ErrBusy
	}
	if p.by == nil {
		p.by = make(map[signature.Fingerprint]int)
	}
	p.count(client, 1)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.count(client, -1)
	}, nil
}

func (p *proofs) count(client signature.Fingerprint, n int) {
	p.all += n
	if p.by[client] += n; p.by[client] == 0 {
		delete(p.by, client)
	}
}
