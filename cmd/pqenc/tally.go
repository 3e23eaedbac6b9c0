// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"sync"
	"time"

	"github.com/pqenc/pqenc/internal/progress"
)

// tally is how far the transfers of a command are, several of which may be under way.
type tally struct {
	app *app

	mu    sync.Mutex
	meter *progress.Meter // of the one transfer, or of all
	all   bool            // the meter is that of all
	at    int64           // bytes, of those that are under way or done
	quiet time.Time       // until then nothing is said of a lost connection again
}

// begins shows the progress of many transfers of total bytes, -1 if that is not known.
func (t *tally) begins(total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all, t.meter = true, t.app.startMeter(total, os.DevNull)
}

// ends ends that.
func (t *tally) ends() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.Stop()
}

// leg is one transfer.
type leg struct {
	tally *tally
	at    int64 // bytes
}

// begin shows the progress of a transfer of total bytes, -1 if that is not known, to the
// output of that name, unless it is one of many.
func (l *leg) begin(total int64, output string) {
	t := l.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.all {
		t.meter.Stop()
		t.meter = t.app.startMeter(total, output)
	}
}

// reached says how far it is.
func (l *leg) reached(offset int64) {
	t := l.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at += offset - l.at
	l.at = offset
	t.meter.Set(t.at)
}

// end ends it. What has come of one that has failed does not count.
func (l *leg) end(err error) {
	if err != nil {
		l.reached(0)
	}
	if t := l.tally; !t.all {
		t.ends()
	}
}

// aside calls print, which writes lines to where the progress is shown.
func (t *tally) aside(print func()) {
	t.mu.Lock()
	meter := t.meter
	t.mu.Unlock()
	meter.Aside(print)
}

// lost reports whether it is to be said that a connection was lost, and how far all are:
// the requests that were under way on it notice that one by one.
func (t *tally) lost(wait time.Duration) (at int64, say bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Before(t.quiet) {
		return t.at, false
	}
	t.quiet = now.Add(wait)
	return t.at, true
}
