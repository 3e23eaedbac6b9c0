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

// How far a push sends ahead of what is durable on the server, in bytes. At most that much is
// sent again after a lost connection.
const (
	// firstWindow is the window at first. It grows if the line needs more.
	firstWindow = 16 << 20
	// defaultBuffer is the largest window in memory. 128 MiB keep a line of 1 Gbit/s busy with
	// a round trip of half a second, or one of 10 Gbit/s with 50 ms.
	defaultBuffer = 128 << 20
	// fileWindow is the largest window for files, which are not kept in memory. It bounds what
	// a server with a slow disk has to hold.
	fileWindow = 1 << 30
)

// source is the pqenc file that a push sends. Every part that is not acknowledged can be read
// again.
type source interface {
	// next returns bytes from the offset on, valid until the next call, or io.EOF at the end.
	// It waits for them until ctx ends.
	next(ctx context.Context, offset int64) ([]byte, error)
	// seek fails if the bytes from the offset on are not available.
	seek(offset int64) error
	// release says that nothing before the offset will be read again.
	release(offset int64)
	// window returns how many bytes next may return beyond what was released: now, and at
	// most.
	window() (now, most int64)
	// grow raises the current window to n bytes, if the largest one allows that.
	grow(size int64)
	// close releases the source.
	close()
}

// monitor is a lock with a condition that both ends of a source wait for.
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

// change calls do with mu held, and makes all waiting goroutines check their conditions.
func (m *monitor) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
	m.changed.Broadcast()
}

// fileSource is a pqenc file with random access, which needs no memory to be sent again.
type fileSource struct {
	monitor
	file  io.ReaderAt
	size  int64
	buf   []byte
	base  int64 // everything before it is acknowledged
	limit int64 // the current window
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
		err = io.ErrUnexpectedEOF // the file was truncated
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

// headerDigest returns the SHA-256 of the pqenc header at the start of s, by which a server
// recognizes the file.
func headerDigest(ctx context.Context, s source) (digest [sha256.Size]byte, err error) {
	hash := sha256.New()
	if _, err := format.Parse(io.TeeReader(&sourceReader{ctx: ctx, s: s}, hash)); err != nil {
		return digest, err
	}
	hash.Sum(digest[:0])
	return digest, nil
}

// prefixDigest returns the digest of the bytes before the offset; see package prefix. It
// calls progress from time to time. If there are fewer bytes, the error wraps
// io.ErrUnexpectedEOF. The source keeps as many of them as it has room for: if the digest is
// wrong, it may still be possible to send them all.
func prefixDigest(ctx context.Context, s source, offset int64, progress func()) ([sha256.Size]byte, error) {
	window, _ := s.window()
	return prefix.Digest(&sourceReader{ctx: ctx, s: s, read: func(n int64) {
		s.release(n - window + 2*segmentSize)
		progress()
	}}, offset, nil)
}

// sourceReader reads a source from its start.
type sourceReader struct {
	ctx    context.Context
	s      source
	read   func(n int64) // if set, is called with what was read before more is read
	offset int64
	rest   []byte // of the result of next
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
