// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import "io"

// Writer encrypts what is written to it. Its methods must not be called
// concurrently.
type Writer struct {
	c     *Cipher
	p     *pipeline
	buf   []byte // the chunk that is being filled; nil until there is one
	index uint32
	err   error // sticky
}

// NewWriter returns a writer that encrypts to dst. The caller must Close it: Close writes
// the last chunk.
//
// Other goroutines write to dst, one at a time, until Close has returned.
func (c *Cipher) NewWriter(dst io.Writer) *Writer {
	return &Writer{c: c, p: newPipeline(dst, c.sealedSize())}
}

// Write encrypts p. A later call may return an error of the destination.
func (w *Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if err := w.makeRoom(); err != nil {
			return n, err
		}
		m := min(len(p), w.c.chunkSize-len(w.buf))
		w.buf = append(w.buf, p[:m]...)
		n, p = n+m, p[m:]
	}
	return n, w.err
}

// ReadFrom encrypts all of src without an extra copy; [io.Copy] calls it. It does not Close
// the writer. After an error of src, Close does not write the last chunk. If src is an
// [*io.SectionReader] and lacks bytes of its section, the error wraps
// [io.ErrUnexpectedEOF]. A later call may return this error or one of the destination.
func (w *Writer) ReadFrom(src io.Reader) (n int64, err error) {
	if s, ok := src.(*io.SectionReader); ok && w.buf == nil && w.err == nil {
		n, w.err = w.readFullChunks(s)
	}
	for {
		if err := w.makeRoom(); err != nil {
			return n, err
		}
		have := len(w.buf)
		m, eof, err := readFull(src, w.buf[have:min(w.c.chunkSize, cap(w.buf))])
		w.buf = w.buf[:have+m]
		n += int64(m)
		if err != nil || eof {
			w.err = err
			return n, err
		}
	}
}

// readFullChunks encrypts the full chunks of src by offset.
func (w *Writer) readFullChunks(src *io.SectionReader) (n int64, err error) {
	at, err := src.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	size, sealed := int64(w.c.chunkSize), int64(w.c.sealedSize())
	count := max(src.Size()-at, 0) / size
	if int64(w.index)+count >= MaxChunks {
		return 0, ErrTooLong // the last chunk could not follow
	}
	first := w.index
	w.index += uint32(count)
	w.p.limit = concurrency(src)
	err = w.p.each(count, func(i int64, buf []byte) *chunk {
		index := first + uint32(i)
		return &chunk{buf: buf[:size], from: at + i*size, to: int64(index) * sealed, index: index}
	}, func(k *chunk) error {
		if err := readChunk(src, k); err != nil {
			return err
		}
		w.c.seal(k)
		return nil
	}, w.c.report)
	if err != nil {
		return 0, err
	}
	if count == 0 { // a small file: a buffer for just its bytes
		w.buf = getBuffer(int(max(src.Size()-at, 0)) + Overhead)
	}
	_, err = src.Seek(at+count*size, io.SeekStart)
	return count * size, err
}

// makeRoom flushes a full chunk, and provides a buffer.
func (w *Writer) makeRoom() error {
	if w.err == nil && len(w.buf) == w.c.chunkSize {
		w.flush(false)
	}
	if w.err == nil && w.buf == nil {
		w.buf, w.err = w.p.take()
	}
	if w.err == nil && len(w.buf) == cap(w.buf) { // more follows a small file
		w.buf = append(make([]byte, 0, w.p.size), w.buf...)
	}
	return w.err
}

// flush submits the chunk.
func (w *Writer) flush(last bool) {
	if w.index >= MaxChunks-1 && !last {
		w.err = ErrTooLong // the last chunk could not follow
		return
	}
	k := &chunk{buf: w.buf, to: int64(w.index) * int64(w.c.sealedSize()), index: w.index, last: last}
	seal := func(k *chunk) error { w.c.seal(k); return nil }
	work := w.p.submit(k, seal, w.c.report)
	w.buf = nil
	w.index++
	if last { // which is waited for
		work()
	} else {
		go work()
	}
}

// Close encrypts the last chunk and waits until everything is written. It does not close the
// destination. If there was an error it returns that, and the body is incomplete.
func (w *Writer) Close() error {
	if w.makeRoom() == nil {
		w.flush(true)
	}
	if err := w.p.end(); err != nil && w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return w.err
	}
	w.err = ErrClosed
	return nil
}

// readChunk fills k from src.
func readChunk(src io.ReaderAt, k *chunk) error {
	n, err := src.ReadAt(k.buf, k.from)
	switch {
	case n == len(k.buf):
		return nil
	case err == nil || err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}

// readFull reads until b is full or src ends. Unlike io.ReadFull, it distinguishes the end of
// src from the error io.ErrUnexpectedEOF of src, which means a truncation that src has
// detected.
func readFull(src io.Reader, b []byte) (n int, eof bool, err error) {
	for empty := 0; n < len(b); {
		m, err := src.Read(b[n:])
		n += m
		switch {
		case err == io.EOF:
			return n, n < len(b), nil
		case err != nil:
			return n, false, err
		case m > 0:
			empty = 0
		default:
			if empty++; empty == 100 {
				return n, false, io.ErrNoProgress
			}
		}
	}
	return n, false, nil
}
