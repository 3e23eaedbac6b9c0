// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import "io"

const (
	// minInbox is the size of a read on a connection with little traffic, and before the
	// login.
	minInbox = 4 << 10
	// maxInbox is the size of the largest read. To be woken up for a read costs more than to
	// read.
	maxInbox = 512 << 10
)

// inbox reads ahead what is available, into a buffer that grows only after a read has filled
// it.
type inbox struct {
	src        io.Reader
	buf        []byte
	begin, end int // of the bytes that were read ahead
	limit      int // of the size of buf
}

func newInbox(src io.Reader) *inbox {
	return &inbox{src: src, buf: make([]byte, minInbox), limit: minInbox}
}

// Read implements [io.Reader]. It reads from the source only if the buffer is empty.
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

// fill reads into an empty buffer.
func (b *inbox) fill() error {
	if b.end == len(b.buf) && b.end < b.limit {
		b.buf = make([]byte, min(2*len(b.buf), b.limit))
	}
	for range 100 {
		n, err := b.src.Read(b.buf)
		b.begin, b.end = 0, n
		if n > 0 { // an error is returned again
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
