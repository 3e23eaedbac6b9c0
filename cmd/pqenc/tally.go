// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"sync"
	"time"

	"github.com/pqenc/pqenc/internal/progress"
	"github.com/pqenc/pqenc/transfer"
)

// tally is how far the transfers of a command are, several of which may be under way.
type tally struct {
	app *app

	mu     sync.Mutex
	meter  *progress.Meter            // of the one transfer, or of all
	all    bool                       // the meter is that of all
	at     int64                      // bytes, of those that are under way or done
	quiet  time.Time                  // until then nothing is said of a lost connection again
	active map[*transferProgress]bool // are under way
	named  *transferProgress          // of these, the one that is named
}

// startAll shows the progress of several transfers of total bytes, -1 if that is not known.
func (t *tally) startAll(total int64, files int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all, t.meter = true, t.app.startMeter(total, os.DevNull)
	t.meter.Files(files)
}

// fileDone counts a file, whatever has come of it.
func (t *tally) fileDone() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.FileDone()
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

	title   string // of the file
	sends   bool   // it is a push
	resumes bool   // that another process can resume
	total   int64  // bytes, -1 if that is not known
	sent    bool   // all of it was sent or received
}

// push returns the progress of a push.
func (t *tally) push(title string) *transferProgress {
	t.app.sends.Store(t)
	return &transferProgress{tally: t, title: title, sends: true}
}

// pushes returns copies of the progress of the pushes that are under way.
func (t *tally) pushes() (all []*transferProgress) {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.active {
		if p.sends {
			c := *p
			all = append(all, &c)
		}
	}
	return all
}

// canResume says of a push that another process can resume it.
func (p *transferProgress) canResume() {
	p.tally.mu.Lock()
	defer p.tally.mu.Unlock()
	p.resumes = true
}

// syncing shows that all was sent or received, and a disk is still to have it.
func (p *transferProgress) syncing() {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	p.sent = true
	p.showSyncing()
}

// showSyncing shows that a disk is to have the rest, if that is true. What was sent may
// still be on its way: a server syncs no more at a time than the least buffer.
func (p *transferProgress) showSyncing() {
	if p.sent && (p.total < 0 || p.total-p.at <= transfer.LeastBuffer) {
		p.tally.meter.Syncing()
	}
}

// start shows the progress of a transfer of total bytes, -1 if that is not known, to the
// output of that name, unless it is one of several.
func (p *transferProgress) start(total int64, output string) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active == nil {
		t.active = make(map[*transferProgress]bool)
	}
	t.active[p] = true
	p.total = total
	if t.all {
		t.name(p)
		return
	}
	t.meter.Stop()
	t.meter = t.app.startMeter(total, output)
}

// name shows which transfer is under way.
func (t *tally) name(p *transferProgress) {
	t.named = p
	t.meter.Name(p.title)
}

// resumed takes how many bytes were there already.
func (p *transferProgress) resumed(offset int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.Skip(offset - p.at)
	t.at += offset - p.at
	p.at = offset
}

// reached takes how many bytes have come.
func (p *transferProgress) reached(offset int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at += offset - p.at
	p.at = offset
	t.meter.Set(t.at)
	p.showSyncing()
}

// stop ends it. What has come of one that has failed does not count.
func (p *transferProgress) stop(err error) {
	if err != nil {
		p.reached(0)
	}
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.active, p)
	if !t.all {
		t.meter.Stop()
	} else if t.named == p {
		for other := range t.active {
			t.name(other)
			break
		}
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
