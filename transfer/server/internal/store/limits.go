// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/transfer/internal/wire"
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
		return fmt.Errorf("%w: the limit is %d bytes", wire.ErrTooLarge, limit)
	}
	return nil
}

// admit says how many more bytes a partial may reserve, with s.mu held: at least
// need, and up to want as long as others have as much left for them. What is left is
// costly to find out, and so not asked again for every few bytes when it is little.
func (s *Store) admit(b Bounds, need, want int64) (int64, error) {
	if need <= 0 {
		return need, nil
	}
	// Differences, not sums: what a client claims could make a sum overflow.
	left, limit := int64(maxLength), error(nil)
	bound := func(bytes int64, err error) {
		if bytes < left {
			left, limit = bytes, err
		}
	}
	if total := s.options.MaxTotal; total > 0 {
		bound(total-s.index.objectBytes-s.index.partialBytes, ErrTotal)
	}
	if b.Quota > 0 {
		bound(b.Quota-s.index.within(b.Within), wire.ErrQuota)
	}
	if free := freeSpace(s.root); free >= 0 {
		bound(free-s.options.KeepFree-s.index.promised(), wire.ErrNoSpace)
	}
	if need > left {
		return 0, limit
	}
	return min(want, max(need, left/2)), nil
}

// room makes sure that the partial may be size bytes long, with p.writing held.
func (p *Partial) room(size int64) error {
	switch {
	case p.id.Length >= 0 && size > p.id.Length:
		return fmt.Errorf("%w: more than %d bytes", ErrLength, p.id.Length)
	case size > p.store.maxObject():
		return fmt.Errorf("%w: the limit is %d bytes", wire.ErrTooLarge, p.store.maxObject())
	case size <= p.reserved:
		return nil
	}
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	want := min(size+reserveStep, s.maxObject())
	more, err := s.admit(p.bounds, size-p.reserved, want-p.reserved)
	if err == nil {
		p.reserved += more
		s.index.resizePartial(p.path(), p.reserved)
	}
	return err
}

// noSpaceOr makes an wire.ErrNoSpace of the operating system's ways to say so.
func noSpaceOr(err error) error {
	if err != nil && isFull(err) && !errors.Is(err, wire.ErrNoSpace) {
		return fmt.Errorf("%w: %w", wire.ErrNoSpace, err)
	}
	return err
}
