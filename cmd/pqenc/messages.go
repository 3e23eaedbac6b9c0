// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/internal/terminal"
)

// messages is standard error. Whoever reads it may be slow, stuck or gone: that
// decides over nothing else. A write waits a moment for its reader, which keeps
// the order of what is on a terminal, and then leaves the rest to a queue. What the
// queue has no room for is dropped and counted.
type messages struct {
	file *os.File

	start sync.Once
	queue chan *message
	last  atomic.Pointer[message]
	stuck atomic.Bool // a write is waited for no longer

	dropped atomic.Int64                        // in all
	lost    atomic.Pointer[func(dropped int64)] // called when there is a reader again
}

// message is one write.
type message struct {
	text []byte
	done chan struct{} // closed when it is written, or cannot be
}

const (
	messagesKept = 512                    // in the queue
	shortWait    = 100 * time.Millisecond // for a write
	longWait     = time.Second            // for all of them, at the end of the process
)

func newMessages(f *os.File) *messages {
	return &messages{file: f, queue: make(chan *message, messagesKept)}
}

// Write writes b, or drops it. It never fails.
func (m *messages) Write(b []byte) (int, error) {
	m.start.Do(func() { go m.deliver() })
	next := &message{bytes.Clone(b), make(chan struct{})}
	select {
	case m.queue <- next:
		m.last.Store(next)
	default:
		m.dropped.Add(1)
		return len(b), nil
	}
	if !m.stuck.Load() && !next.wait(shortWait) {
		m.stuck.Store(true)
	}
	return len(b), nil
}

// wait waits until the message is delivered, and reports whether it is.
func (m *message) wait(patience time.Duration) bool {
	select {
	case <-m.done:
		return true
	case <-time.After(patience):
		return false
	}
}

// deliver writes what is in the queue.
func (m *messages) deliver() {
	said := int64(0)
	for next := range m.queue {
		m.file.Write(next.text)
		m.stuck.Store(false)
		close(next.done)
		dropped, lost := m.dropped.Load(), m.lost.Load()
		if dropped > said && len(m.queue) == 0 && lost != nil {
			go (*lost)(dropped - said) // which writes a message
			said = dropped
		}
	}
}

// Idle reports whether all that was written has been shown.
func (m *messages) Idle() bool { return len(m.queue) == 0 && !m.stuck.Load() }

// Columns returns the width of the terminal, 0 while another process is in its foreground.
func (m *messages) Columns() int {
	if !terminal.InForeground(m.file) {
		return 0
	}
	return terminal.Columns(m.file)
}

// onLoss has f told how many messages were dropped.
func (m *messages) onLoss(f func(dropped int64)) { m.lost.Store(&f) }

// flush waits until all is written, but no longer than a while.
func (m *messages) flush() {
	if last := m.last.Load(); last != nil {
		last.wait(longWait)
	}
}
