// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"sync"
	"time"
)

// line measures how many bytes a push must have in flight on a connection: twice the rate of
// acknowledgements times the shortest time that an acknowledgement has taken, and one unit,
// which the server may not have acknowledged yet. If the line or the disk of the server is
// busy, more in flight only waits longer: the time grows, but the shortest time and the rate
// do not, so the result does not grow either.
//
// line follows one byte at a time, from the moment it is given to the connection to its
// acknowledgement.
type line struct {
	unit int64 // bytes after which the server acknowledges, at the latest

	mu      sync.Mutex
	mark    int64 // the offset after the byte that is followed; 0 if none is
	from    int64 // what was acknowledged when following began
	since   time.Time
	durable int64
	least   time.Duration
}

// start resets the measurement for a new connection, to a server that has all before the
// offset.
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

// acknowledged notes that the bytes before the offset are durable. It returns how many bytes
// must be in flight, or 0 if that is not known yet.
func (l *line) acknowledged(offset int64) (need int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.durable = offset
	if l.mark == 0 || offset < l.mark {
		return 0
	}
	took := max(time.Since(l.since), time.Microsecond) // some clocks are coarse
	if l.least == 0 || took < l.least {
		l.least = took
	}
	need = int64(2*float64(offset-l.from)*float64(l.least)/float64(took)) + l.unit
	l.mark = 0
	return need
}
