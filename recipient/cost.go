// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/lowcost"
)

// Cost is the parameters of Argon2id (RFC 9106). Every file has its own.
type Cost struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8  // lanes
}

// WriterCost returns the cost of [Passphrase.Wrap]: 3 passes over 256 MiB in 4
// lanes, about half a second.
func WriterCost() Cost {
	if lowcost.On() {
		return Cost{Time: 2, Memory: 64, Threads: 4}
	}
	return Cost{Time: 3, Memory: 256 << 10, Threads: 4}
}

// ErrWeak is returned for a file whose passphrase can be guessed too fast.
var ErrWeak = errors.New("the file makes its passphrase easy to guess")

// Weak reports whether guessing a passphrase takes less work, or less memory, than with
// [WriterCost].
func (c Cost) Weak() bool {
	w := WriterCost()
	return c.Memory < w.Memory || c.work() < w.work()
}

// work returns the memory of all passes together, in KiB.
func (c Cost) work() uint64 { return uint64(c.Time) * uint64(c.Memory) }

// String returns the cost as text.
func (c Cost) String() string {
	return fmt.Sprintf("t=%d, m=%d KiB, p=%d", c.Time, c.Memory, c.Threads)
}

// RefuseWeak is a value for [Prompted.Weak]: it returns an error that wraps [ErrWeak] and
// contains the cost.
func RefuseWeak(c Cost) error { return fmt.Errorf("%w: Argon2id with %s", ErrWeak, c) }

// costOf returns the cost of a passphrase stanza, after [Cost.check].
func costOf(s format.Stanza) (Cost, error) {
	c := Cost{
		Time:    binary.BigEndian.Uint32(s.Body[0:]),
		Memory:  binary.BigEndian.Uint32(s.Body[4:]),
		Threads: s.Body[8],
	}
	return c, c.check()
}

// check limits the work that a file can cause, before any of it is done: 1 GiB, and about
// five times the work of the default. x/crypto panics on zeros, and silently raises the
// memory to 8 KiB for each lane.
func (c Cost) check() error {
	t, m, p := uint64(c.Time), uint64(c.Memory), uint64(c.Threads)
	switch {
	case p < 1 || p > 16:
		return badCost("%d lanes are not in 1 to 16", p)
	case m < 8*p || m > 1<<20:
		return badCost("%d KiB of memory are not in %d to %d", m, 8*p, 1<<20)
	case t < 1 || t > 64:
		return badCost("%d passes are not in 1 to 64", t)
	case c.work() > 1<<22:
		return badCost("%d passes over %d KiB are too much work", t, m)
	}
	return nil
}

func badCost(reason string, args ...any) error {
	return &format.Error{Field: "passphrase stanza", Reason: fmt.Sprintf(reason, args...), Kind: format.ErrHeader}
}
