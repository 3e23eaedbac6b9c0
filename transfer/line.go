// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"sync"
	"time"
)

// line measures how much a push has to have in flight on one connection: twice what its
// acknowledgements bring in the shortest time that one has ever taken, and what the server
// does not acknowledge yet because it is less than a unit. Where the line or the disk of the
// server is busy already, more in flight only waits longer: the time grows, the shortest time
// and the rate do not, and so neither does what is needed.
//
// It follows one byte at a time, from when it is handed to the connection to its
// acknowledgement.
type line struct {
	unit int64 // after which the server acknowledges at the latest

	mu      sync.Mutex
	mark    int64 // acknowledged when the byte before it is; 0 while none is followed
	from    int64 // what was acknowledged before
	since   time.Time
	durable int64
	least   time.Duration
}

// start begins on a new connection, to a server that has all before the offset.
func (l *line) start(durable int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark, l.durable, l.least = 0, durable, 0
}

// sending notes that the bytes before end are about to be sent.
func (l *line) sending(end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mark == 0 {
		l.mark, l.from, l.since = end, l.durable, time.Now()
	}
}

// acknowledged notes that the bytes before the offset are durable. It returns how many
// bytes have to be in flight, or 0 if that cannot be told yet.
func (l *line) acknowledged(offset int64) (need int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.durable = offset
	if l.mark == 0 || offset < l.mark {
		return 0
	}
	took := max(time.Since(l.since), time.Microsecond) // as coarse as some clocks are
	if l.least == 0 || took < l.least {
		l.least = took
	}
	need = int64(2*float64(offset-l.from)*float64(l.least)/float64(took)) + l.unit
	l.mark = 0
	return need
}
