// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"slices"
	"sync"
)

// blocks is a fixed number of buffers of a ReaderAt, which bounds its memory. A buffer holds
// an opened block or is in use for something else. A goroutine must put a buffer back before it
// takes another one, so that there is no deadlock. If all are in use, take waits.
type blocks struct {
	max int // buffers

	mu     sync.Mutex // held for bookkeeping only
	unused sync.Cond  // a buffer has lost its last user
	all    []*block
	byID   map[int64]*block
	clock  int64 // counts uses
}

// none is the id of a buffer that others cannot share.
const none = -1

// block is a buffer. It belongs to its first user until opened is closed; then all users may
// read it.
type block struct {
	buf    []byte
	err    error // why it is empty
	opened chan struct{}

	// Guarded by blocks.mu.
	id    int64
	users int
	used  int64 // clock of the last use; 0 if it is empty
}

func newBlocks(n int) *blocks {
	b := &blocks{max: n, byID: make(map[int64]*block)}
	b.unused.L = &b.mu
	return b
}

// take returns the buffer for a block. If first is true, the caller must fill it and call
// done. For the id none it returns a buffer that the caller does not share.
func (b *blocks) take(id int64) (k *block, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if k = b.byID[id]; k != nil {
			break
		}
		if k = b.oldest(); k != nil {
			first = true
			b.reuse(k, id)
			break
		}
		b.unused.Wait()
	}
	k.users++
	b.clock++
	k.used = b.clock
	return k, first
}

// oldest returns the least recently used buffer without users, or a new one if that would
// evict a block and there may be more, or nil if all are in use.
func (b *blocks) oldest() *block {
	var oldest *block
	for _, k := range b.all {
		if k.users == 0 && (oldest == nil || k.used < oldest.used) {
			oldest = k
		}
	}
	if (oldest == nil || oldest.used > 0) && len(b.all) < b.max {
		oldest = &block{id: none}
		b.all = append(b.all, oldest)
	}
	return oldest
}

func (b *blocks) reuse(k *block, id int64) {
	delete(b.byID, k.id)
	k.id, k.err, k.opened = id, nil, make(chan struct{})
	if id != none {
		b.byID[id] = k
	}
}

// has reports whether a buffer holds the block or is being filled with it.
func (b *blocks) has(id int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id] != nil
}

// done marks k as filled. If filling failed, all current users of k get the error, and the next
// take tries again.
func (b *blocks) done(k *block, err error) {
	if k.err = err; err != nil {
		b.mu.Lock()
		delete(b.byID, k.id)
		k.id = none
		b.mu.Unlock()
	}
	close(k.opened)
}

// put ends a use of k. It wakes one waiter, which puts in turn and so wakes the next.
func (b *blocks) put(k *block) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k.users--; k.users > 0 {
		return
	}
	if k.id == none {
		k.used = 0
	}
	b.unused.Signal()
}

// forget frees the buffers without users.
func (b *blocks) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = slices.DeleteFunc(b.all, func(k *block) bool {
		if k.users > 0 {
			return false
		}
		delete(b.byID, k.id)
		if k.buf != nil {
			putBuffer(k.buf)
		}
		return true
	})
}
