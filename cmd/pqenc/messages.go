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

// messages is standard error. Its reader may be slow, stuck or gone, which must not block
// anything else. A write waits for the reader for a short time, to keep the order of
// output on a terminal, and then leaves the message in a queue. If the queue is full, the
// message is dropped and counted.
type messages struct {
	file *os.File

	start sync.Once
	queue chan *message
	last  atomic.Pointer[message]
	stuck atomic.Bool // writes no longer wait

	dropped atomic.Int64                        // total
	lost    atomic.Pointer[func(dropped int64)] // called when there is a reader again
}

// message is one write.
type message struct {
	text []byte
	done chan struct{} // closed when it was written or failed
}

const (
	messagesKept = 512                    // in the queue
	shortWait    = 100 * time.Millisecond // for one write
	longWait     = time.Second            // for all writes, at the end of the process
)

func newMessages(f *os.File) *messages {
	return &messages{file: f, queue: make(chan *message, messagesKept)}
}

// Write writes b or drops it. It never fails.
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

// wait waits for the message to be written, and reports whether it was.
func (m *message) wait(patience time.Duration) bool {
	select {
	case <-m.done:
		return true
	case <-time.After(patience):
		return false
	}
}

// deliver writes the queued messages.
func (m *messages) deliver() {
	said := int64(0)
	for next := range m.queue {
		m.file.Write(next.text)
		m.stuck.Store(false)
		close(next.done)
		dropped, lost := m.dropped.Load(), m.lost.Load()
		if dropped > said && len(m.queue) == 0 && lost != nil {
			go (*lost)(dropped - said) // itself writes a message
			said = dropped
		}
	}
}

// Idle reports whether all messages have been written.
func (m *messages) Idle() bool { return len(m.queue) == 0 && !m.stuck.Load() }

// Columns returns the width of the terminal, or 0 while another process is in the
// foreground.
func (m *messages) Columns() int {
	if !terminal.InForeground(m.file) {
		return 0
	}
	return terminal.Columns(m.file)
}

// onLoss registers f to be told how many messages were dropped.
func (m *messages) onLoss(f func(dropped int64)) { m.lost.Store(&f) }

// flush waits until all messages are written, up to a time limit.
func (m *messages) flush() {
	if last := m.last.Load(); last != nil {
		last.wait(longWait)
	}
}
