// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/transfer/internal/prefix"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// errStopped is that of a next that was told to stop.
var errStopped = errors.New("stopped")

// windowSize is how far a push runs ahead of what the server has made durable,
// and so how much at most is sent again after a cut.
const windowSize = 16 << 20

// source is what a push sends: a pqenc file of which any part can be asked for
// again that was not acknowledged yet.
type source interface {
	// next returns some bytes from the offset on, valid until the next call, or
	// io.EOF at the end. It waits for them as long as stop is open.
	next(offset int64, stop <-chan struct{}) ([]byte, error)
	// digest returns the digest of the bytes before the offset, see package prefix. It
	// calls progress from time to time. If there are fewer bytes, the error wraps
	// io.ErrUnexpectedEOF.
	digest(offset int64, progress func(), stop <-chan struct{}) ([sha256.Size]byte, error)
	// seek fails if bytes from the offset on cannot be had.
	seek(offset int64) error
	// release says that nothing before the offset will be asked for again.
	release(offset int64)
	// wake makes a next that waits look at its stop.
	wake()
	// close ends it.
	close()
}

// fileSource is a pqenc file with random access, which needs no memory to send
// from anywhere.
type fileSource struct {
	file io.ReaderAt
	size int64
	buf  []byte

	mu      sync.Mutex
	changed *sync.Cond
	base    int64
}

func newFileSource(file io.ReaderAt, size int64) *fileSource {
	s := &fileSource{file: file, size: size, buf: make([]byte, wire.MaxData)}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *fileSource) next(offset int64, stop <-chan struct{}) ([]byte, error) {
	if err := s.wait(offset, stop); err != nil {
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

// wait lets what is on its way become durable.
func (s *fileSource) wait(offset int64, stop <-chan struct{}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		select {
		case <-stop:
			return errStopped
		default:
		}
		if offset-s.base < windowSize {
			return nil
		}
		s.changed.Wait()
	}
}

func (s *fileSource) seek(offset int64) error {
	if offset > s.size {
		return fmt.Errorf("%w: byte %d of %d", wire.ErrOrder, offset, s.size)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = offset
	return nil
}

func (s *fileSource) digest(offset int64, progress func(), stop <-chan struct{}) ([sha256.Size]byte, error) {
	return prefix.Digest(io.NewSectionReader(s.file, 0, s.size), offset, func(int64) error {
		progress()
		select {
		case <-stop:
			return errStopped
		default:
			return nil
		}
	})
}

func (s *fileSource) release(offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = offset
	s.changed.Broadcast()
}

func (s *fileSource) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

func (s *fileSource) close() {}

// readDigest returns the SHA-256 of the pqenc header at the start of s, by
// which a server knows the file again.
func readDigest(s source, stop <-chan struct{}) (digest [sha256.Size]byte, err error) {
	r := bufio.NewReader(&sourceReader{s: s, stop: stop}) // each Read of that asks for a whole piece
	hash := sha256.New()
	if _, err := format.Parse(io.TeeReader(r, hash)); err != nil {
		return digest, err
	}
	hash.Sum(digest[:0])
	return digest, nil
}

// sourceReader reads a source from its beginning.
type sourceReader struct {
	s      source
	stop   <-chan struct{}
	offset int64
}

func (r *sourceReader) Read(p []byte) (int, error) {
	b, err := r.s.next(r.offset, r.stop)
	n := copy(p, b)
	r.offset += int64(n)
	return n, err
}
