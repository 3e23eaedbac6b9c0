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

// tally is the progress of the transfers of a command, several of which may be in flight.
type tally struct {
	app *app

	mu     sync.Mutex
	meter  *progress.Meter            // of the only transfer, or of all
	all    bool                       // the meter is for all transfers
	at     int64                      // bytes of transfers that are in flight or done
	quiet  time.Time                  // do not report another lost connection before
	active map[*transferProgress]bool // in flight
	named  *transferProgress          // the one of them that is named
}

// startAll shows the progress of several transfers of total bytes, -1 if unknown.
func (t *tally) startAll(total int64, files int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all, t.meter = true, t.app.startMeter(total, os.DevNull)
	t.meter.Files(files)
}

// fileDone counts a file, successful or not.
func (t *tally) fileDone() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.FileDone()
}

// stop removes the meter.
func (t *tally) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.Stop()
}

// transferProgress is the progress of one transfer.
type transferProgress struct {
	tally *tally
	at    int64 // bytes

	title   string // name of the file
	sends   bool   // a push
	resumes bool   // another process can resume it
	total   int64  // bytes, -1 if unknown
	sent    bool   // everything was sent or received
}

// push returns the progress of a push.
func (t *tally) push(title string) *transferProgress {
	t.app.sends.Store(t)
	return &transferProgress{tally: t, title: title, sends: true}
}

// pushes returns copies of the progress of the pushes in flight.
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

// canResume records that another process can resume the push.
func (p *transferProgress) canResume() {
	p.tally.mu.Lock()
	defer p.tally.mu.Unlock()
	p.resumes = true
}

// syncing shows that everything was sent or received, and is being synced to a disk.
func (p *transferProgress) syncing() {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	p.sent = true
	p.showSyncing()
}

// showSyncing shows that the rest is being synced, if that is so. Bytes that were sent
// may still be in flight, since a server never syncs more at a time than the smallest
// buffer.
func (p *transferProgress) showSyncing() {
	if p.sent && (p.total < 0 || p.total-p.at <= transfer.LeastBuffer) {
		p.tally.meter.Syncing()
	}
}

// start shows the progress of a transfer of total bytes, -1 if unknown, to the named
// output, unless it is one of several.
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

// name shows the name of a transfer in flight.
func (t *tally) name(p *transferProgress) {
	t.named = p
	t.meter.Name(p.title)
}

// resumed records how many bytes were transferred before.
func (p *transferProgress) resumed(offset int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter.Skip(offset - p.at)
	t.at += offset - p.at
	p.at = offset
}

// reached records how many bytes were transferred.
func (p *transferProgress) reached(offset int64) {
	t := p.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at += offset - p.at
	p.at = offset
	t.meter.Set(t.at)
	p.showSyncing()
}

// stop ends the transfer. The bytes of a failed one are no longer counted.
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

// aside calls print, which writes lines to the terminal, without the meter.
func (t *tally) aside(print func()) {
	t.mu.Lock()
	meter := t.meter
	t.mu.Unlock()
	meter.Aside(print)
}

// lost reports whether to print that a connection was lost, and how far all transfers
// are. All requests in flight on the connection notice it, one after the other.
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
