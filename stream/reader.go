// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import "io"

// Reader decrypts a body in order. It releases only authenticated data, and returns
// [io.EOF] only after the last chunk of a complete body. Its methods must not be called
// concurrently.
type Reader struct {
	c      *Cipher
	src    io.Reader
	tail   int
	carry  []byte // up to tail bytes that were read ahead
	buf    []byte // for Read
	unread []byte // decrypted and not yet returned; in buf
	index  uint32
	err    error // sticky; io.EOF after the last chunk
}

// NewReader returns a reader that decrypts the body in src. The last tail bytes of src
// are not part of the body: [Reader.Tail] returns them.
//
// [io.Copy] calls [Reader.WriteTo], which opens several chunks at once; Read
// opens them one by one.
func (c *Cipher) NewReader(src io.Reader, tail int) *Reader {
	return c.NewReaderFrom(src, tail, 0)
}

// NewReaderFrom is [Cipher.NewReader] for the rest of a body: src starts at the chunk
// with the given index.
func (c *Cipher) NewReaderFrom(src io.Reader, tail int, index uint32) *Reader {
	return &Reader{c: c, src: src, tail: tail, index: index}
}

// Read decrypts into p.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.unread) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.advance()
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// advance reads and opens the next chunk.
func (r *Reader) advance() {
	if r.buf == nil {
		r.buf = make([]byte, 0, r.slotSize())
	}
	k, err := r.next(r.buf)
	if err == nil {
		err = r.c.open(k)
	}
	if err == nil {
		err = r.c.report(k)
	}
	if err != nil {
		r.err = err
		return
	}
	r.unread = k.buf
	if k.last {
		r.err = io.EOF
	}
}

// WriteTo decrypts the rest of the body to dst. Chunks are opened in parallel and written
// in order, all before WriteTo returns.
func (r *Reader) WriteTo(dst io.Writer) (int64, error) {
	n, err := writeAll(dst, r.unread)
	r.unread = nil
	if err != nil {
		r.err = err
		return int64(n), err
	}
	p := newPipeline(dst, r.slotSize())
	if r.err == nil {
		r.err = r.pump(p, r.c.open)
	}
	if r.err != io.EOF {
		err = r.err
	}
	return int64(n) + p.length, err
}

// Skim reads the rest of the body without opening it, and calls [Cipher.OnDigest] for each
// chunk. It returns nil after the last chunk.
func (r *Reader) Skim() error {
	if r.err == nil {
		r.err = r.pump(newPipeline(io.Discard, r.slotSize()), r.c.skim)
	}
	if r.err != io.EOF {
		return r.err
	}
	return nil
}

// pump sends the rest of the body through p, which calls work for each chunk. It returns
// io.EOF after the last one.
func (r *Reader) pump(p *pipeline, work func(*chunk) error) error {
	if src, ok := r.src.(*io.SectionReader); ok {
		return r.pumpAt(p, src, work)
	}
	var last bool
	var readErr error
	for to := int64(0); !last && readErr == nil; to += int64(r.c.chunkSize) {
		buf, err := p.take()
		if err != nil {
			break // p.end returns it, too
		}
		var k *chunk
		if k, readErr = r.next(buf); readErr == nil {
			k.to, last = to, k.last
			go p.submit(k, work, r.c.report)()
		}
	}
	// Report the first error in the order of the body: a damaged chunk comes before
	// an error of reading what follows it.
	if err := p.end(); err != nil {
		return err
	}
	if readErr != nil {
		return readErr
	}
	return io.EOF
}

// pumpAt is pump for a source that is read by offset.
func (r *Reader) pumpAt(p *pipeline, src *io.SectionReader, work func(*chunk) error) error {
	at, err := src.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	at -= int64(len(r.carry))
	s := span{src: src, at: at, size: src.Size() - int64(r.tail) - at, index: r.index}
	err = s.pump(r.c, p, work)
	if err == nil && (s.size < 0 || s.size%int64(r.c.sealedSize()) < Overhead) {
		err = ErrTruncated
	}
	if err != nil {
		return err
	}
	r.carry = make([]byte, r.tail)
	if n, err := src.ReadAt(r.carry, at+s.size); n < r.tail {
		if err == io.EOF {
			err = ErrTruncated
		}
		return err
	}
	if _, err := src.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	return io.EOF
}

// slotSize returns the size of a full chunk and the tail after it, which must be read to
// know that the chunk is full.
func (r *Reader) slotSize() int { return r.c.sealedSize() + r.tail }

// next reads a sealed chunk into buf.
func (r *Reader) next(buf []byte) (*chunk, error) {
	buf = append(buf[:0], r.carry...)
	n, eof, err := readFull(r.src, buf[len(buf):r.slotSize()])
	if err != nil {
		return nil, err
	}
	buf = buf[:len(buf)+n]
	end := len(buf) - r.tail
	if end < Overhead {
		return nil, ErrTruncated
	}
	if r.index >= MaxChunks {
		return nil, errTooLong
	}
	r.carry = append(r.carry[:0], buf[end:]...)
	k := &chunk{buf: buf[:end], index: r.index, last: eof}
	r.index++
	return k, nil
}

// Tail returns the bytes after the body, as many as [Cipher.NewReader] was given. It may be
// called once the body was read to its end.
func (r *Reader) Tail() []byte { return r.carry }
