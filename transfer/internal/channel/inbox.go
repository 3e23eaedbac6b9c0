// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import "io"

const (
	// minInbox is how much is read at once from a connection on which little
	// comes, and before the login.
	minInbox = 4 << 10
	// maxInbox is how much is read at once when as much is there. Waking up to read
	// costs more than reading.
	maxInbox = 512 << 10
)

// inbox reads ahead as much as there is, into memory that grows only when that
// fills it.
type inbox struct {
	src        io.Reader
	buf        []byte
	begin, end int // of what was read ahead
	limit      int // of its size
}

func newInbox(src io.Reader) *inbox {
	return &inbox{src: src, buf: make([]byte, minInbox), limit: minInbox}
}

// Read implements [io.Reader]. It reads from the source only if nothing is left.
func (b *inbox) Read(p []byte) (int, error) {
	if b.begin == b.end {
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.buf[b.begin:b.end])
	b.begin += n
	return n, nil
}

// fill reads into the empty buffer.
func (b *inbox) fill() error {
	if b.end == len(b.buf) && b.end < b.limit {
		b.buf = make([]byte, min(2*len(b.buf), b.limit))
	}
	for range 100 {
		n, err := b.src.Read(b.buf)
		b.begin, b.end = 0, n
		if n > 0 { // an error comes again
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
