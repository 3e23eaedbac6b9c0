// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"errors"
	"io"
)

// span is a run of chunks in a source that is read by offset.
type span struct {
	src      io.ReaderAt
	at, size int64  // of the chunks, in bytes of the source
	index    uint32 // of the first chunk
}

// pump sends the chunks through p, which calls work for each. Bytes at the end of the span that
// are too few for a chunk are ignored.
func (s span) pump(c *Cipher, p *pipeline, work func(*chunk) error) error {
	sealed := int64(c.sealedSize())
	if int64(s.index)+s.size/sealed >= MaxChunks {
		return errTooLong
	}
	p.limit = concurrency(s.src)
	p.size = int(min(int64(p.size), max(s.size, 0))) // small files need no buffer for a full chunk
	count := max(s.size+sealed-Overhead, 0) / sealed
	chunkAt := func(i int64, buf []byte) *chunk {
		n := min(sealed, s.size-i*sealed)
		return &chunk{buf: buf[:n], from: s.at + i*sealed, to: i * int64(c.chunkSize), index: s.index + uint32(i), last: n < sealed}
	}
	return p.each(count, chunkAt, func(k *chunk) error {
		if err := readChunk(s.src, k); err == io.ErrUnexpectedEOF {
			return ErrTruncated
		} else if err != nil {
			return err
		}
		return work(k)
	}, c.report)
}

// WriteRange decrypts n bytes of the plaintext at an offset to dst. Like [Reader.WriteTo], it
// opens several chunks at once; nothing is kept for ReadAt. It returns the number of bytes
// written. If the range is not within the plaintext, nothing is written and the error is
// [io.EOF].
func (r *ReaderAt) WriteRange(dst io.Writer, off, n int64) (int64, error) {
	if off < 0 || n < 0 {
		return 0, errors.New("negative range")
	}
	if off > r.plain || n > r.plain-off {
		return 0, io.EOF
	}
	if n == 0 {
		return 0, nil
	}
	chunkSize, sealed := int64(r.c.chunkSize), int64(r.c.sealedSize())
	first, last := off/chunkSize, (off+n-1)/chunkSize
	s := span{src: r.src, at: first * sealed, size: min((last+1)*sealed, r.size) - first*sealed, index: uint32(first)}
	skip := off - first*chunkSize // in the first chunk
	p := newPipeline(dst, r.c.sealedSize())
	err := s.pump(r.c, p, func(k *chunk) error {
		if err := r.c.open(k); err != nil {
			return err
		}
		from, to := max(skip-k.to, 0), min(skip+n-k.to, int64(len(k.buf)))
		k.buf = k.buf[:copy(k.buf, k.buf[from:to])] // stays at the start of its slot
		k.to = max(k.to-skip, 0)
		return nil
	})
	return p.length, err
}
