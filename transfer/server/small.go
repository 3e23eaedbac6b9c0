// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// putMemory is how many bytes of small objects are in memory, for all clients together.
const putMemory = 32 << 20

// budget is a fair semaphore for memory: those that wait get their part in order.
type budget struct {
	queue chan struct{} // held by the next one to get a part
	mu    sync.Mutex
	left  int
	freed chan struct{} // closed when memory is returned; nil if nobody waits
}

func newBudget(n int) *budget { return &budget{queue: make(chan struct{}, 1), left: n} }

// take waits for n bytes, or until quit is closed.
func (b *budget) take(n int, quit <-chan struct{}) (taken bool) {
	select {
	case b.queue <- struct{}{}:
		defer func() { <-b.queue }()
	case <-quit:
		return false
	}
	for {
		b.mu.Lock()
		if b.left >= n {
			b.left -= n
			b.mu.Unlock()
			return true
		}
		b.freed = make(chan struct{})
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-quit:
			return false
		}
	}
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// takeIn copies the object of a PUT, whose message is about to be overwritten. It waits for
// memory, and meanwhile nothing is read from this connection. The requests that hold memory
// need nothing from it, so that is no deadlock.
func (r *request) takeIn(ask *wire.Put) {
	if r.server.puts.take(len(ask.Object), r.session.conn.Closed()) {
		ask.Object = bytes.Clone(ask.Object)
	} else {
		ask.Object = nil // the connection is closed
	}
}

// put stores a small object, also if the connection has ended meanwhile: the client will ask
// again.
func (r *request) put(ask *wire.Put) (answer wire.Message, err error) {
	defer func() { r.server.puts.give(len(ask.Object)) }()
	grant, err := r.authorize(Push, ask.Name)
	if err != nil {
		return answer, err
	}
	if ask.Object == nil {
		return answer, r.Context().Err()
	}
	begun := time.Now()
	r.log = r.log.With("push", ask.Name.String())
	id := store.ID{Client: r.peer, Name: ask.Name, Push: ask.ID}
	bounds := grant.bounds(ask.Overwrite)
	up, err := r.server.uploads.claim(id, bounds.Overwrite, r)
	if err != nil {
		return answer, err
	}
	defer r.server.uploads.release(up)
	size, err := r.server.store.Put(id, bounds, ask.Object)
	var stored *store.StoredError
	switch {
	case errors.As(err, &stored):
		size = stored.Size
		r.log.Info("already stored", "bytes", size)
	case err != nil:
		return answer, err
	default:
		r.server.stats.received.Add(size)
		r.log.Info("stored", "bytes", size, "received", size, "took", time.Since(begun))
	}
	return r.stored(ask.Name, size)
}

// get sends a part of an object.
func (r *request) get(ask *wire.Get) (answer wire.Message, err error) {
	if _, err := r.authorize(Pull, ask.Name); err != nil {
		return answer, err
	}
	object, err := r.server.store.Open(ask.Name)
	if err != nil {
		return answer, err
	}
	defer object.Close()
	if ask.Offset > object.Size || ask.Digest != object.Digest && ask.Digest != [len(ask.Digest)]byte{} {
		return answer, wire.ErrChanged
	}
	// A client that does not read its answers occupies one buffer, not 16.
	r.getting.Lock()
	buf := sendBuffers.Get().(*[wire.MaxData]byte)
	r.done = func() {
		sendBuffers.Put(buf)
		r.getting.Unlock()
	}
	about := wire.Content{Object: wire.Object{Length: object.Size, Digest: object.Digest}}
	fields := copy(buf[:], about.Marshal())
	content := buf[fields:][:min(int64(ask.Length), object.Size-ask.Offset)]
	if n, err := object.ReadAt(content, ask.Offset); n < len(content) {
		return answer, fmt.Errorf("at byte %d of %q: %w", ask.Offset+int64(n), ask.Name.String(), err)
	}
	n := int64(len(content))
	r.server.stats.sent.Add(n)
	if ask.Offset+n == object.Size {
		r.server.stats.pulls.Add(1)
	}
	r.log.Info("sent", "pull", ask.Name.String(), "at", ask.Offset, "bytes", n)
	return wire.Message{Type: wire.TypeContent, Body: buf[:fields+len(content)]}, nil
}
