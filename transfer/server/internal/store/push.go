// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"maps"
	"sync"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Proven reports whether what there is of the partial is from this very push. Otherwise
// the client has to compare it with what it has before Begin.
func (p *Partial) Proven() bool { return p.proven }

// Begin makes the partial that of this push: with what it has, if offset is its Durable, or
// with nothing, if offset is 0. Followers must not have seen any of it.
func (p *Partial) Begin(offset int64) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	if offset != 0 && offset != p.durable.Load() {
		return wire.ErrOrder
	}
	err := p.restart(offset)
	if err == nil && !p.proven {
		if _, err = p.state.WriteAt(pushFields(p.id.Push), pushAt); err == nil {
			err = flush(p.state)
		}
	}
	if err != nil {
		err = noSpaceOr(err)
		p.failure.Store(&err)
		return err
	}
	p.proven = true
	return nil
}

// restart throws away what there is after the offset. The record says so first.
func (p *Partial) restart(offset int64) error {
	if offset == p.durable.Load() {
		return nil
	}
	if err := writeDurable(p.state, 0); err != nil {
		return err
	}
	p.durable.Store(0)
	if err := p.data.Truncate(0); err != nil {
		return err
	}
	p.written.Store(0)
	p.header = header{}
	return nil
}

// receiptAge is how long a push is remembered that has stored an object: its client may
// have missed the answer.
const receiptAge = 2 * time.Hour

// receipts are the last pushes that have stored an object, by client and name.
type receipts struct {
	mu    sync.Mutex
	kept  map[receiptKey]receipt
	swept time.Time
}

type receiptKey struct {
	client signature.Fingerprint
	name   wire.Name
}

type receipt struct {
	push wire.PushID
	size int64
	at   time.Time
}

func (r *receipts) add(id ID, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = make(map[receiptKey]receipt)
	}
	now := time.Now()
	if now.Sub(r.swept) > time.Minute {
		maps.DeleteFunc(r.kept, func(_ receiptKey, old receipt) bool { return now.Sub(old.at) > receiptAge })
		r.swept = now
	}
	r.kept[receiptKey{id.Client, id.Name}] = receipt{id.Push, size, now}
}

// find reports whether this very push has stored its object, and how long that is.
func (r *receipts) find(id ID) (size int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.kept[receiptKey{id.Client, id.Name}]
	return old.size, ok && old.push == id.Push
}
