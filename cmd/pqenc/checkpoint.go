// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
)

// checkpoint is the state of a download to a file, from which another process can resume.
// It is saved beside the file as
//
//	"r" || SHA-256 of the header           if the file is the object as it is, or
//	"d" || mark || header of the object    if it is its contents.
//
// For an object at a URL, this follows the version:
//
//	"u" || u16 length of the version || version
type checkpoint struct {
	length int64       // of the file
	mark   *pqenc.Mark // nil if the file is the encrypted object itself
	header []byte      // of the object

	version string // of an object at a URL, or empty
}

// readCheckpoint returns the checkpoint that was saved with the first length bytes of a
// file, or nil.
func readCheckpoint(state []byte, length int64) *checkpoint {
	c := &checkpoint{length: length}
	switch {
	case len(state) > 1 && state[0] == 'r':
		c.header = state[1:]
		return c
	case len(state) > 1+pqenc.MarkSize && state[0] == 'd':
		c.mark, c.header = new(pqenc.Mark), state[1+pqenc.MarkSize:]
		if c.mark.UnmarshalBinary(state[1:1+pqenc.MarkSize]) == nil && c.mark.Content() == length {
			return c
		}
	}
	return nil
}

func (c *checkpoint) marshal() (state []byte) {
	if c.version != "" {
		state = binary.BigEndian.AppendUint16([]byte("u"), uint16(len(c.version)))
		state = append(state, c.version...)
	}
	if c.mark == nil {
		return append(append(state, 'r'), c.header...)
	}
	mark, _ := c.mark.MarshalBinary() // never fails
	return append(append(append(state, 'd'), mark...), c.header...)
}

// cutVersion splits the saved state of an object at a URL into its version and the rest.
func cutVersion(state []byte) (version string, rest []byte, ok bool) {
	if len(state) < 3 || state[0] != 'u' {
		return "", nil, false
	}
	n := 3 + int(binary.BigEndian.Uint16(state[1:]))
	if n > len(state) {
		return "", nil, false
	}
	return string(state[3:n]), state[n:], true
}

// offset returns the offset in the object at which to resume.
func (c *checkpoint) offset() int64 {
	if c.mark == nil {
		return c.length
	}
	return c.mark.Offset()
}

// headerDigest returns the SHA-256 of the header of the object.
func (c *checkpoint) headerDigest() [sha256.Size]byte { return sha256.Sum256(c.header) }

// saveEvery is the number of bytes written between two checkpoints. Each makes them
// durable while more bytes are received.
const saveEvery = 4 << 20

// saver writes an object to a file, and saves checkpoints. It stays at most 2*saveEvery
// bytes ahead of the last checkpoint, so that a slow disk slows down the transfer.
type saver struct {
	part    *durable.Partial
	object  object
	written int64
	saved   int64 // bytes of written that the last checkpoint covers
	next    chan *checkpoint
	ended   chan struct{}
	failed  error // of the first failed checkpoint
}

// newSaver returns a saver that appends to the first length bytes. The caller must call
// end.
func newSaver(part *durable.Partial, o object, length int64) *saver {
	s := &saver{part: part, object: o, written: length, saved: length,
		next: make(chan *checkpoint), ended: make(chan struct{})}
	go s.save()
	return s
}

func (s *saver) Write(b []byte) (int, error) {
	n, err := s.part.Write(b)
	s.written += int64(n)
	if err == nil && s.written-s.saved >= saveEvery {
		s.saved = s.written
		s.next <- s.object.checkpoint()
	}
	return n, err
}

// save saves checkpoints. If one fails, the previous one stays valid, and the next Write
// fails.
func (s *saver) save() {
	for c := range s.next {
		s.failed = cmp.Or(s.failed, s.part.Save(c.marshal(), c.length))
	}
	close(s.ended)
}

// end stops the saver, and returns the error of the first failed checkpoint. To keep the
// file for another process, it saves a last checkpoint at its end.
func (s *saver) end(keep bool) error {
	if keep {
		s.next <- s.object.checkpoint()
	}
	close(s.next)
	<-s.ended
	return s.failed
}
