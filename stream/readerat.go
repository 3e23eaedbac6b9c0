// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"errors"
	"io"
	"sync"
)

// ReaderAt decrypts any part of a body. Its methods may be called
// concurrently; every call under way uses the memory of one chunk.
type ReaderAt struct {
	c      *Cipher
	src    io.ReaderAt
	size   int64 // of the body
	plain  int64 // of the plaintext
	opened sync.Pool
}

// openedChunk is a chunk that was opened, and belongs to one call at a time.
type openedChunk struct {
	index int64 // -1: none
	plain []byte
	buf   []byte
}

// NewReaderAt returns a reader of the body in the first size bytes of src. It
// opens the last chunk before it returns: that one authenticates the length.
func (c *Cipher) NewReaderAt(src io.ReaderAt, size int64) (*ReaderAt, error) {
	plain, err := plaintextSize(size, int64(c.chunkSize))
	if err != nil {
		return nil, err
	}
	r := &ReaderAt{c: c, src: src, size: size, plain: plain}
	k, err := r.chunk(plain / int64(c.chunkSize))
	if err != nil {
		return nil, err
	}
	putBuffer(k.buf)
	return r, nil
}

// Size returns the length of the plaintext in bytes.
func (r *ReaderAt) Size() int64 { return r.plain }

// ReadAt implements [io.ReaderAt] on the plaintext.
func (r *ReaderAt) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for len(p) > 0 {
		if off >= r.plain {
			return n, io.EOF
		}
		k, err := r.chunk(off / int64(r.c.chunkSize))
		if err != nil {
			return n, err
		}
		m := copy(p, k.plain[off%int64(r.c.chunkSize):])
		r.opened.Put(k)
		n, p, off = n+m, p[m:], off+int64(m)
	}
	return n, nil
}

// chunk returns chunk i, opened. The caller puts it back into r.opened, where
// the next call finds it: neighbouring reads open a chunk once.
func (r *ReaderAt) chunk(i int64) (*openedChunk, error) {
	o, _ := r.opened.Get().(*openedChunk)
	if o == nil {
		o = &openedChunk{index: -1, buf: getBuffer(r.c.sealedSize())[:r.c.sealedSize()]}
	}
	if o.index == i {
		return o, nil
	}
	o.index = -1
	if err := r.open(o, i); err != nil {
		return nil, err
	}
	return o, nil
}

func (r *ReaderAt) open(o *openedChunk, i int64) error {
	start := i * int64(r.c.sealedSize())
	buf := o.buf[:min(r.size-start, int64(r.c.sealedSize()))]
	if n, err := r.src.ReadAt(buf, start); n < len(buf) {
		if err == nil || err == io.EOF {
			return ErrTruncated
		}
		return err
	}
	// A full chunk is never the last one.
	k := &chunk{buf: buf, index: uint32(i), last: len(buf) < r.c.sealedSize()}
	if err := r.c.open(k); err != nil {
		return err
	}
	if err := r.c.report(k); err != nil {
		return err
	}
	o.index, o.plain = i, k.buf
	return nil
}
