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
	meter *progress.Meter            // of the one transfer, or of all
	all   bool                       // the meter is that of all
	at    int64                      // bytes, of those that are under way or done
	quiet time.Time                  // until then nothing is said of a lost connection again
	sends map[*transferProgress]bool // pushes that are under way
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

	title   string // of a push
	resumes bool   // another process can resume the push
	sent    bool   // all of it; the rest is up to the disk of the server
}

// push returns the progress of a push.
func (t *tally) push(title string) *transferProgress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &transferProgress{tally: t, title: title}
	if t.sends == nil {
		t.sends = make(map[*transferProgress]bool)
	}
	t.sends[p] = true
	t.app.sends.Store(t)
	return p
}

// unfinished returns copies of the pushes that are under way.
func (t *tally) unfinished() (all []*transferProgress) {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.sends {
		c := *p
		all = append(all, &c)
	}
	return all
}

// canResume says of a push that another process can resume it.
func (p *transferProgress) canResume() {
	p.tally.mu.Lock()
	defer p.tally.mu.Unlock()
	p.resumes = true
}

// waits shows that no more is to be sent or received, only to be synced.
func (p *transferProgress) waits() {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	p.sent = true
	t.meter.Syncing()
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
	if p.sent {
		t.meter.Syncing()
	}
}

// stop ends it. What has come of one that has failed does not count.
func (p *transferProgress) stop(err error) {
	if err != nil {
		p.reached(0)
	}
	t := p.tally
	t.mu.Lock()
	delete(t.sends, p)
	t.mu.Unlock()
	if !t.all {
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
