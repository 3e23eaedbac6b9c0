// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"slices"
	"sync"
)

// blocks are the buffers of a ReaderAt: a fixed number, each with an opened
// block in it or in use for something else. Whoever takes a buffer must put it
// back before it takes another, so that some user always can go on, and when
// all are in use whoever comes waits. That bounds the memory, however many
// calls are under way.
type blocks struct {
	max int // buffers

	mu     sync.Mutex // held for bookkeeping only
	unused sync.Cond  // a buffer has lost its last user
	all    []*block
	byID   map[int64]*block
	clock  int64 // counts uses
}

// none is the id of what is in a buffer that others cannot use.
const none = -1

// block is a buffer. What is in it may be read once opened is closed, and
// belongs to its first user until then.
type block struct {
	buf    []byte
	err    error // why there is nothing in it
	opened chan struct{}

	// These belong to blocks.
	id    int64
	users int
	used  int64 // when it was last used; 0 if nothing is in it
}

func newBlocks(n int) *blocks {
	b := &blocks{max: n, byID: make(map[int64]*block)}
	b.unused.L = &b.mu
	return b
}

// take returns the buffer that has the block of that id, or soon will: first
// reports whether it is the caller who must fill it and call done. For none
// it returns a buffer that the caller has for itself.
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

// oldest returns the buffer without users that was not used for the longest
// time, a new one rather than forget a block, or nil if all are in use.
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

// has reports whether a buffer has the block, or soon will.
func (b *blocks) has(id int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id] != nil
}

// done marks k as filled, or as failed: then all who wait for it now get the
// error, and the next one tries again.
func (b *blocks) done(k *block, err error) {
	if k.err = err; err != nil {
		b.mu.Lock()
		delete(b.byID, k.id)
		k.id = none
		b.mu.Unlock()
	}
	close(k.opened)
}

// put ends a use of k. Who is woken becomes a user and will put in turn, so
// one at a time is enough.
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

// forget frees the buffers that nobody uses.
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
