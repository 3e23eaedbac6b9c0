// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package progress shows how far a long copy is: files, bytes, rate and time left, as
// a bar on a terminal or as lines in a log.
package progress

import (
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// patience is how long a copy runs before its bar is shown: short ones should
	// leave no flicker.
	patience = 300 * time.Millisecond
	barEvery = 200 * time.Millisecond // the bar is drawn
	logEvery = 5 * time.Second        // a line is printed
)

// Screen is a terminal.
type Screen interface {
	io.Writer
	// Columns returns the width, or 0 if nothing should be drawn: another process is
	// in the foreground.
	Columns() int
	// Idle reports whether all that was written has been shown.
	Idle() bool
}

// Meter counts what is copied. Any goroutine may call its methods, and those that count
// never wait for the screen. A nil meter counts nothing.
type Meter struct {
	count counters
	begun atomic.Bool

	screen      Screen            // of the bar, or
	print       func(line string) // for the log
	wait, every time.Duration     // before the first line, and between two

	mu      sync.Mutex // of all that follows, and over each line
	begin   time.Time  // of the copy, which may have to wait for its first byte
	rate    rate
	ticker  chan struct{} // closed by Stop; nil before the copy begins
	drawn   int           // columns that the bar takes; 0 if it is not shown
	stopped bool
}

// counters are how far the copy is.
type counters struct {
	done, total  atomic.Int64 // bytes; total is -1 if it is not known
	moved        atomic.Int64 // bytes that took time, those of failed attempts included
	ended, files atomic.Int64 // files; files is 0 if they are not counted
	name         atomic.Pointer[string]
	syncing      atomic.Bool
}

// New returns a meter that shows a bar on a terminal once the copy turns out to be a
// long one. The total is in bytes, -1 if it is not known.
func New(screen Screen, total int64) *Meter {
	m := &Meter{screen: screen, wait: patience, every: barEvery}
	m.count.total.Store(total)
	return m
}

// NewLog returns a meter that calls print with a line every few seconds.
func NewLog(print func(line string), total int64) *Meter {
	m := &Meter{print: print, wait: logEvery, every: logEvery}
	m.count.total.Store(total)
	return m
}

// Reader returns r with its bytes counted.
func (m *Meter) Reader(r io.Reader) io.Reader {
	if m == nil {
		return r
	}
	return &reader{r, m}
}

// ReaderAt returns r with its bytes counted. It may be used concurrently, as r may.
func (m *Meter) ReaderAt(r io.ReaderAt) io.ReaderAt {
	if m == nil {
		return r
	}
	return &readerAt{r, m}
}

// Reset sets how much has been copied, and of how much, whatever was counted before:
// not all that is read need be a part of the copy.
func (m *Meter) Reset(done, total int64) {
	if m != nil {
		m.count.total.Store(total)
		m.count.done.Store(done)
	}
}

// Set sets how many bytes have been copied in all. Fewer than before take back those of
// a failed attempt.
func (m *Meter) Set(done int64) {
	if m != nil {
		m.add(done - m.count.done.Load())
	}
}

// Add counts n more bytes.
func (m *Meter) Add(n int) {
	if m != nil {
		m.add(int64(n))
	}
}

// Skip counts n bytes that were there already, which took no time.
func (m *Meter) Skip(n int64) {
	if m != nil {
		m.count.done.Add(n)
	}
}

// Files sets of how many files [Meter.FileDone] will be called.
func (m *Meter) Files(n int) {
	if m != nil {
		m.count.files.Store(int64(n))
	}
}

// FileDone counts a file.
func (m *Meter) FileDone() {
	if m != nil {
		m.count.ended.Add(1)
		m.count.syncing.Store(false)
		m.start()
	}
}

// Name names what is being copied.
func (m *Meter) Name(name string) {
	if m != nil {
		m.count.name.Store(&name)
		m.start()
	}
}

// Syncing shows that what was copied is being made safe on a disk, until more is
// counted.
func (m *Meter) Syncing() {
	if m != nil {
		m.count.syncing.Store(true)
		m.start()
	}
}

// Aside calls print, which writes lines of its own to where the meter shows itself. The
// meter makes way for them.
func (m *Meter) Aside(print func()) {
	if m == nil {
		print()
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	again := m.drawn > 0
	m.wipe()
	print()
	if again {
		m.draw()
	}
}

// Stop wipes the bar. Nothing is shown afterwards.
func (m *Meter) Stop() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wipe()
	if m.ticker != nil && !m.stopped {
		close(m.ticker)
	}
	m.stopped = true
}

func (m *Meter) add(n int64) {
	m.count.done.Add(n)
	m.count.moved.Add(max(n, 0))
	m.count.syncing.Store(false)
	m.start()
}

// start begins to show the meter, at the first call.
func (m *Meter) start() {
	if m.begun.Swap(true) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	if m.begin.IsZero() {
		m.begin = time.Now()
	}
	m.rate.since = time.Now()
	m.ticker = make(chan struct{})
	go m.show(m.ticker, m.wait-time.Since(m.begin))
}

// show draws the meter after wait and then again and again, until stop is closed.
func (m *Meter) show(stop <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		m.mu.Lock()
		if !m.stopped {
			m.draw()
		}
		m.mu.Unlock()
		timer.Reset(m.every)
	}
}

// draw shows how far the copy is.
func (m *Meter) draw() {
	now := time.Now()
	s := m.count.load(now.Sub(m.begin), m.rate.at(now, m.count.moved.Load()))
	if m.print != nil {
		m.print(s.line())
		return
	}
	// A screen that is stuck would show all of the bars when it no longer is.
	columns := m.screen.Columns()
	if columns <= 0 || !m.screen.Idle() {
		return
	}
	bar := s.bar(columns - 1) // some terminals start a new line after the last column
	io.WriteString(m.screen, "\r"+bar+blanks(min(m.drawn, columns-1)-width(bar)))
	m.drawn = max(width(bar), 1)
}

// wipe removes the bar from the screen, and leaves the cursor at the start of its line.
func (m *Meter) wipe() {
	if m.drawn == 0 {
		return
	}
	if columns := m.screen.Columns(); columns > 0 {
		const echo = len("^C")
		io.WriteString(m.screen, "\r"+blanks(min(m.drawn+echo, columns-1))+"\r")
	}
	m.drawn = 0
}

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

// rate is how many bytes a second are copied, of which recent ones count more.
type rate struct {
	bytes float64 // a second; 0 if it is not known
	since time.Time
	moved int64 // until then
}

// at returns the rate when so many bytes have been moved.
func (r *rate) at(now time.Time, moved int64) float64 {
	const least, memory = time.Second / 2, 5 * time.Second
	passed := now.Sub(r.since)
	if passed < least {
		return r.bytes
	}
	latest := float64(moved-r.moved) / passed.Seconds()
	if r.bytes == 0 {
		r.bytes = latest
	}
	weight := min(passed.Seconds()/memory.Seconds(), 1)
	r.bytes += weight * (latest - r.bytes)
	r.since, r.moved = now, moved
	return r.bytes
}

type reader struct {
	io.Reader
	meter *Meter
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.meter.add(int64(n))
	return n, err
}

type readerAt struct {
	io.ReaderAt
	meter *Meter
}

func (r *readerAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	r.meter.add(int64(n))
	return n, err
}
