// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

const (
	// reserveStep is how much the reservation of an object of unknown length grows, in bytes,
	// if there is room.
	reserveStep = 64 << 20
	// progressStep is how many bytes must arrive within Options.Patience to keep a
	// reservation that others need.
	progressStep = 1 << 20
)

// checkLength checks an announced length.
func (s *Store) checkLength(length int64) error {
	if length < -1 {
		return ErrLength
	}
	if limit := s.options.MaxObject; length > limit {
		return fmt.Errorf("%w: the limit is %d bytes", wire.ErrTooLarge, limit)
	}
	return nil
}

// admit returns how many more bytes a partial may reserve, with s.mu held: at least need, and
// up to want as long as the same amount is left for others. If there is no room, partials without
// progress lose what they have reserved.
func (s *Store) admit(p *Partial, b Bounds, need, want int64) (int64, error) {
	if need <= 0 {
		return need, nil
	}
	left, limit := s.left(b)
	if need > left {
		s.reclaim(p)
		left, limit = s.left(b)
	}
	if need > left {
		return 0, limit
	}
	return min(want, max(need, left/2)), nil
}

// left returns how many bytes can be reserved, and the error for more.
func (s *Store) left(b Bounds) (left int64, limit error) {
	// Differences, not sums: a sum with an announced length could overflow.
	left = maxLength
	bound := func(bytes int64, err error) {
		if bytes < left {
			left, limit = bytes, err
		}
	}
	if total := s.options.MaxTotal; total > 0 {
		bound(total-s.index.total.stored(), ErrTotal)
	}
	if b.Quota > 0 {
		bound(b.Quota-s.index.within(b.Within).stored(), wire.ErrQuota)
	}
	if free := freeSpace(s.lock); free >= 0 {
		bound(free-s.options.KeepFree-s.index.promised(), wire.ErrNoSpace)
	}
	return left, limit
}

// enlist puts a partial into the index in the place of its old slot, with s.mu held, unless
// that exceeds a limit of names or folders. A limit that is exceeded already is no error if
// the number does not grow.
func (s *Store) enlist(p *slot, b Bounds) error {
	old := s.index.slots[p.stem]
	all, mine := s.index.total, s.index.within(b.Within)
	s.index.putPartial(p)
	err := s.overfull(b, all, mine)
	if err != nil {
		s.withdraw(p, old)
	}
	return err
}

// overfull returns an error if names or folders exceed a limit and have grown, in all or
// within the bounds. all and mine are the usage before.
func (s *Store) overfull(b Bounds, all, mine Usage) error {
	now := s.index.total
	switch within := s.index.within(b.Within); {
	case exceeds(b.Files, mine.files(), within.files()):
		return wire.ErrQuota
	case exceeds(s.options.MaxObjects, all.Names, now.Names), exceeds(s.options.MaxFolders, all.Folders, now.Folders):
		return ErrTotal
	}
	return nil
}

// exceeds reports whether a number has grown beyond a limit; 0 is no limit.
func exceeds(limit, before, after int64) bool { return limit > 0 && after > max(limit, before) }

// withdraw undoes enlist.
func (s *Store) withdraw(p, old *slot) {
	s.index.dropPartial(p.stem)
	if old != nil {
		s.index.putPartial(old)
	}
}

// reservation is what a partial has reserved. It is read without s.mu, and changed with s.mu
// held.
type reservation struct {
	mu    sync.Mutex
	bytes int64     // reserved, and counted in the index
	used  int64     // length of the partial after the running Write
	mark  int64     // value of used after the last progressStep bytes
	since time.Time // time of mark
}

// take reports whether there is room for the partial to be size bytes long.
func (r *reservation) take(size int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size > r.bytes {
		return false
	}
	if r.used = size; size-r.mark >= progressStep {
		r.mark, r.since = size, time.Now()
	}
	return true
}

// grow reserves more.
func (r *reservation) grow(more int64) (bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes += more
	return r.bytes
}

// spare returns how much is reserved and not used.
func (r *reservation) spare() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes - r.used
}

// expire releases what is reserved and not used if there was no progress since limit.
func (r *reservation) expire(limit time.Time) (bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.Before(limit) {
		r.bytes = r.used
	}
	return r.bytes
}

// reclaim releases reservations of other partials that make no progress, with s.mu held. They
// reserve again when more arrives.
func (s *Store) reclaim(but *Partial) {
	limit := time.Now().Add(-s.options.Patience)
	for slot := range s.index.busy {
		if slot.open != nil && slot.open != but {
			s.index.resizePartial(slot, slot.open.reserved.expire(limit))
		}
	}
}

// room makes sure that the partial may be size bytes long, with p.writing held.
func (p *Partial) room(size int64) error {
	switch {
	case p.id.Length >= 0 && size > p.id.Length:
		return fmt.Errorf("%w: more than %d bytes", ErrLength, p.id.Length)
	case size > p.store.options.MaxObject:
		return fmt.Errorf("%w: the limit is %d bytes", wire.ErrTooLarge, p.store.options.MaxObject)
	case p.reserved.take(size):
		return nil
	}
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.options.MaxObject
	if p.id.Length >= 0 {
		most = p.id.Length
	}
	need := size - p.slot.size
	more, err := s.admit(p, p.bounds, need, min(size+reserveStep, most)-p.slot.size)
	if err != nil {
		return err
	}
	s.index.resizePartial(p.slot, p.reserved.grow(more))
	p.reserved.take(size)
	return nil
}

// diskFull are the errors of systems for a full disk or quota.
var diskFull = []error{syscall.ENOSPC, syscall.EDQUOT}

// noSpaceOr wraps errors of a full disk in [wire.ErrNoSpace].
func noSpaceOr(err error) error {
	isFull := func(full error) bool { return errors.Is(err, full) }
	if slices.ContainsFunc(diskFull, isFull) && !errors.Is(err, wire.ErrNoSpace) {
		return fmt.Errorf("%w: %w", wire.ErrNoSpace, err)
	}
	return err
}
