// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/transfer/internal/prefix"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// How far a push runs ahead of what the server has made durable, in bytes, and so how
// much at most is sent again after a cut.
const (
	// firstWindow is how far at first. It grows when the line needs more.
	firstWindow = 16 << 20
	// defaultBuffer is up to where it grows in memory. 128 MiB keep a line of 1 Gbit/s busy over
	// half a second, or one of 10 Gbit/s over 50 ms.
	defaultBuffer = 128 << 20
	// fileWindow is up to where it grows for files, of which none of that is in memory. A
	// server with a slow disk is not to be filled with what it cannot make durable.
	fileWindow = 1 << 30
)

// source is what a push sends: a pqenc file of which any part can be asked for
// again that was not acknowledged yet.
type source interface {
	// next returns some bytes from the offset on, valid until the next call, or
	// io.EOF at the end. It waits for them until ctx ends.
	next(ctx context.Context, offset int64) ([]byte, error)
	// seek fails if bytes from the offset on cannot be had.
	seek(offset int64) error
	// release says that nothing before the offset will be asked for again.
	release(offset int64)
	// window returns how many bytes there can be from what was released last to what
	// next returns, now and at most.
	window() (now, most int64)
	// grow makes that so many bytes now, if it is less and may be as many.
	grow(size int64)
	// close ends it.
	close()
}

// monitor guards what the two ends of a source wait for.
type monitor struct {
	mu      sync.Mutex
	changed sync.Cond
}

// await waits until done returns true, or ctx has ended. It calls done with mu held.
func (m *monitor) await(ctx context.Context, done func() bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if done() {
			return nil
		}
		stop := context.AfterFunc(ctx, func() { m.change(func() {}) })
		m.changed.Wait()
		stop()
	}
}

// change calls do with mu held, and lets all who wait look again.
func (m *monitor) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
	m.changed.Broadcast()
}

// fileSource is a pqenc file with random access, which needs no memory to send
// from anywhere.
type fileSource struct {
	monitor
	file  io.ReaderAt
	size  int64
	buf   []byte
	base  int64 // what is before it was acknowledged
	limit int64 // how far from there next goes now
}

func newFileSource(file io.ReaderAt, size int64) *fileSource {
	s := &fileSource{file: file, size: size, buf: make([]byte, wire.MaxData), limit: firstWindow}
	s.changed.L = &s.mu
	return s
}

func (s *fileSource) next(ctx context.Context, offset int64) ([]byte, error) {
	if err := s.await(ctx, func() bool { return offset-s.base < s.limit }); err != nil {
		return nil, err
	}
	if offset >= s.size {
		return nil, io.EOF
	}
	n, err := s.file.ReadAt(s.buf[:min(int64(len(s.buf)), s.size-offset)], offset)
	if n > 0 {
		return s.buf[:n], nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // somebody has cut the file
	}
	return nil, err
}

func (s *fileSource) seek(offset int64) error {
	if offset > s.size {
		return fmt.Errorf("%w: the server asks for byte %d of a file of %d bytes", wire.ErrOrder, offset, s.size)
	}
	s.release(offset)
	return nil
}

func (s *fileSource) release(offset int64) { s.change(func() { s.base = offset }) }

func (s *fileSource) window() (now, most int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit, fileWindow
}

func (s *fileSource) grow(size int64) {
	s.change(func() { s.limit = max(s.limit, min(size, fileWindow)) })
}

func (s *fileSource) close() {}

// headerDigest returns the SHA-256 of the pqenc header at the start of s, by
// which a server knows the file again.
func headerDigest(ctx context.Context, s source) (digest [sha256.Size]byte, err error) {
	hash := sha256.New()
	if _, err := format.Parse(io.TeeReader(&sourceReader{ctx: ctx, s: s}, hash)); err != nil {
		return digest, err
	}
	hash.Sum(digest[:0])
	return digest, nil
}

// prefixDigest returns the digest of the bytes before the offset, see package prefix. It
// calls progress from time to time. If there are fewer bytes, the error wraps
// io.ErrUnexpectedEOF. As much of them is kept as there is room for: if the digest is not
// the right one, it may still be possible to send them all.
func prefixDigest(ctx context.Context, s source, offset int64, progress func()) ([sha256.Size]byte, error) {
	window, _ := s.window()
	return prefix.Digest(&sourceReader{ctx: ctx, s: s, read: func(n int64) {
		s.release(n - window + 2*segmentSize)
		progress()
	}}, offset, nil)
}

// sourceReader reads a source from its beginning.
type sourceReader struct {
	ctx    context.Context
	s      source
	read   func(n int64) // if set, is told how much was read before more is
	offset int64
	rest   []byte // of what next returned
}

func (r *sourceReader) Read(p []byte) (n int, err error) {
	if len(r.rest) == 0 {
		if r.read != nil {
			r.read(r.offset)
		}
		if r.rest, err = r.s.next(r.ctx, r.offset); err != nil {
			return 0, err
		}
		r.offset += int64(len(r.rest))
	}
	n = copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
