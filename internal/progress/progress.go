// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package progress shows on a terminal how far a long copy is: bytes, rate and
// time left.
package progress

import (
	"io"
	"sync"
	"time"

	"github.com/cheggaaa/pb/v3"
)

// A bar with the total, and a counter where nobody knows it. The speed is blank
// as long as it is unknown; for an empty text pb would put "? p/s".
const (
	known   = `{{counters . }} {{bar . "[" "=" ">" " " "]"}} {{percent . "%.0f%%" }} {{speed . "%s/s" " " }} {{rtime . "%s left" "" ""}}`
	unknown = `{{counters . }} {{speed . "%s/s" " " }} {{etime . }}`
)

// patience is how long a copy runs before its progress is shown: short ones
// should leave no flicker.
const patience = 300 * time.Millisecond

// Meter counts what is read through it. A nil meter counts nothing.
type Meter struct {
	bar *pb.ProgressBar

	mu      sync.Mutex
	begin   time.Time // of the copy, which may have to wait for its first byte
	shown   bool
	stopped bool
}

// New returns a meter that shows itself on w once the copy turns out to be a
// long one. The total is in bytes, -1 if it is not known.
func New(w io.Writer, total int64) *Meter {
	bar := pb.New64(max(total, 0))
	bar.SetTemplateString(known)
	if total < 0 {
		bar.SetTemplateString(unknown)
	}
	bar.Set(pb.Bytes, true).Set(pb.CleanOnFinish, true).Set(pb.Terminal, true)
	bar.SetWriter(w)
	return &Meter{bar: bar}
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

// Reset says that done bytes of a total have been copied, whatever was counted:
// not all that is read need be a part of the copy.
func (m *Meter) Reset(done, total int64) {
	if m != nil {
		m.bar.SetTotal(total).SetCurrent(done)
	}
}

// Set says that done bytes have been copied in all. As with a Reader, the meter
// shows itself once that takes long.
func (m *Meter) Set(done int64) {
	if m != nil {
		m.add(done - m.bar.Current())
	}
}

// Add says that n more bytes have been copied. Any goroutine may call it.
func (m *Meter) Add(n int) {
	if m != nil {
		m.add(int64(n))
	}
}

// Aside calls print, which writes lines of its own to where the meter shows
// itself. The meter makes way for them, and estimates the rate anew.
func (m *Meter) Aside(print func()) {
	if m == nil {
		print()
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	visible := m.shown && !m.stopped
	if visible {
		m.bar.Finish()
	}
	print()
	if visible {
		m.bar.Start()
	}
}

// Stop wipes the line. Nothing is shown afterwards. It may be called at any
// time, from any goroutine.
func (m *Meter) Stop() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown && !m.stopped {
		m.bar.Finish()
	}
	m.stopped = true
}

func (m *Meter) add(n int64) {
	m.bar.Add64(n)
	if total := m.bar.Total(); total > 0 && m.bar.Current() > total {
		m.bar.SetCurrent(total) // whole chunks were read for a part
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begin.IsZero() {
		m.begin = time.Now()
	}
	if !m.shown && !m.stopped && time.Since(m.begin) >= patience {
		m.shown = true
		m.bar.Start()
	}
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
