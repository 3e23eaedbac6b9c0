// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
)

// reserveStep is by how much the reservation of an object of unknown length grows,
// in bytes, if there is room for it.
const reserveStep = 64 << 20

func (s *Store) maxObject() int64 {
	if s.options.MaxObject > 0 {
		return min(s.options.MaxObject, maxLength)
	}
	return maxLength
}

// checkLength checks the length that a client announces.
func (s *Store) checkLength(length int64) error {
	if length < -1 {
		return ErrLength
	}
	if limit := s.maxObject(); length > limit {
		return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, limit)
	}
	return nil
}

// admit says whether a partial that has reserved from bytes may have reserved to
// bytes, with s.mu held.
func (s *Store) admit(b Bounds, from, to int64) error {
	more := to - from
	if more <= 0 {
		return nil
	}
	// Differences, not sums: what a client claims could make a sum overflow.
	if limit := s.options.MaxTotal; limit > 0 && more > limit-s.index.objectBytes-s.index.partialBytes {
		return ErrTotal
	}
	if b.Quota > 0 && more > b.Quota-s.index.within(b.Within) {
		return ErrQuota
	}
	if free := freeSpace(s.root); free >= 0 && more > free-s.options.KeepFree-s.index.promised() {
		return ErrNoSpace
	}
	return nil
}

// room makes sure that the partial may be size bytes long, with p.writing held.
func (p *Partial) room(size int64) error {
	switch {
	case p.id.Length >= 0 && size > p.id.Length:
		return fmt.Errorf("%w: more than %d bytes", ErrLength, p.id.Length)
	case size > p.store.maxObject():
		return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, p.store.maxObject())
	case size <= p.reserved:
		return nil
	}
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	to := min(size+reserveStep, s.maxObject())
	err := s.admit(p.bounds, p.reserved, to)
	if err != nil {
		to = size
		err = s.admit(p.bounds, p.reserved, to)
	}
	if err == nil {
		s.index.resizePartial(p.path(), to)
		p.reserved = to
	}
	return err
}

// noSpaceOr makes an ErrNoSpace of the operating system's ways to say so.
func noSpaceOr(err error) error {
	if err != nil && isFull(err) && !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}
