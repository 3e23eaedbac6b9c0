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

// startAll shows the progress of many transfers of total bytes, -1 if that is not known.
func (t *tally) startAll(total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all, t.meter = true, t.app.startMeter(total, os.DevNull)
}

// stop ends that.
func (t *tally) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.Stop()
}

// transferProgress is that of one transfer.
type transferProgress struct {
	tally *tally
	at    int64 // bytes
}

// start shows the progress of a transfer of total bytes, -1 if that is not known, to the
// output of that name, unless it is one of many.
func (p *transferProgress) start(total int64, output string) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.all {
		t.meter.Stop()
		t.meter = t.app.startMeter(total, output)
	}
}

// reached takes how many bytes have come.
func (p *transferProgress) reached(offset int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at += offset - p.at
	p.at = offset
	t.meter.Set(t.at)
}

// stop ends it. What has come of one that has failed does not count.
func (p *transferProgress) stop(err error) {
	if err != nil {
		p.reached(0)
	}
	if t := p.tally; !t.all {
		t.stop()
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
