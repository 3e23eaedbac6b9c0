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
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// uploads are the running pushes. The next session of the same client can take them over, and
// pulls can follow them.
type uploads struct {
	mu      sync.Mutex
	active  map[uploadKey]*upload
	changed signal
}

// signal can be raised many times. The lock of its owner guards it.
type signal struct{ next chan struct{} }

// wait returns a channel that is closed when the signal is raised next.
func (s *signal) wait() <-chan struct{} {
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

func (s *signal) raise() {
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}

// uploadKey identifies a push: there is one at a time for each client and name.
type uploadKey struct {
	client signature.Fingerprint
	name   wire.Name
}

// upload is a running push. The fields below mu are for followers.
type upload struct {
	id    store.ID
	wins  bool // it may replace an object with that name
	by    *request
	begun time.Time
	done  chan struct{} // closed when its partial is closed

	mu      sync.Mutex
	partial *store.Partial // nil until its header is known to be good
	written int64
	ended   bool
	grown   signal // when written or ended changes
}

const (
	// takeOverTime is how long a newer push waits for an older one to close the partial.
	takeOverTime = 10 * time.Second
	// deadTime is how long the older one may take before its connection counts as dead.
	deadTime = time.Second
)

// claim registers a push, and ends the one that it takes over from. wins reports that it may
// replace an object.
func (u *uploads) claim(id store.ID, wins bool, by *request) (*upload, error) {
	key := uploadKey{id.Client, id.Name}
	late := time.NewTimer(takeOverTime)
	defer late.Stop()
	for {
		u.mu.Lock()
		old := u.active[key]
		if old == nil {
			up := &upload{id: id, wins: wins, by: by, begun: time.Now(), done: make(chan struct{})}
			if u.active == nil {
				u.active = make(map[uploadKey]*upload)
			}
			u.active[key] = up
			u.mu.Unlock()
			return up, nil
		}
		u.mu.Unlock()
		old.by.Cancel(wire.ErrTakenOver)
		dead := time.AfterFunc(deadTime, func() { old.by.session.end(wire.ErrTakenOver) })
		select {
		case <-old.done:
		case <-late.C:
			return nil, wire.ErrBusy
		case <-by.Context().Done():
			return nil, context.Cause(by.Context())
		}
		dead.Stop()
	}
}

// release is called when the partial of a push is closed.
func (u *uploads) release(up *upload) {
	u.mu.Lock()
	delete(u.active, uploadKey{up.id.Client, up.id.Name})
	u.mu.Unlock()
	up.end()
	close(up.done)
	u.announce()
}

// announce wakes all followers that wait.
func (u *uploads) announce() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changed.raise()
}

// wait returns a channel that is closed at the next change.
func (u *uploads) wait() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.changed.wait()
}

// find returns the newest push to that name that can be followed and whose ID matches.
func (u *uploads) find(name wire.Name, match func(store.ID) bool) *upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	var newest *upload
	for key, up := range u.active {
		if key.name == name && up.ready() && match(up.id) && (newest == nil || up.begun.After(newest.begun)) {
			newest = up
		}
	}
	return newest
}

func (up *upload) ready() bool {
	up.mu.Lock()
	defer up.mu.Unlock()
	return up.partial != nil && !up.ended
}

// advance tells followers how much of p was written.
func (up *upload) advance(p *store.Partial) {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.partial == nil { // followers use it without the lock
		up.partial = p
	}
	up.written = p.Written()
	up.grown.raise()
}

// end tells followers that the push has ended.
func (up *upload) end() {
	up.mu.Lock()
	defer up.mu.Unlock()
	up.ended = true
	up.grown.raise()
}

// available returns how much was written. If that is not more than offset, it also returns a
// channel that is closed when there is more, which is nil if the push has ended.
func (up *upload) available(offset int64) (written int64, more <-chan struct{}) {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.written > offset || up.ended {
		return up.written, nil
	}
	return up.written, up.grown.wait()
}
