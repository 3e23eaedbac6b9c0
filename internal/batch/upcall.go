// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"
)

// headSize is how much of a file the first up-call asks for: enough for most headers.
const headSize = 64 << 10

// atOnce is how many up-calls of one request are in flight.
const atOnce = 4

// maxReason is how many bytes of the parent's reason are repeated.
const maxReason = 1024

// ErrUpcall is returned for a file that the parent did not read as it was asked to.
var ErrUpcall = errors.New("the up-call failed")

// ParentFile is an encrypted file that the parent reads. Its methods may be called
// concurrently.
type ParentFile struct {
	calls *upcalls
	key   fileKey

	start   sync.Once
	head    []byte
	headErr error // why it could not be read
}

// Size returns the length of the file in bytes, as the parent declares it.
func (f *ParentFile) Size() int64 { return f.key.size }

// Concurrency returns how many reads should be in flight.
func (f *ParentFile) Concurrency() int { return atOnce }

// ReadAt implements [io.ReaderAt] by an up-call. The start of the file needs only one.
func (f *ParentFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off >= f.key.size {
		return 0, io.EOF
	}
	var end error
	if int64(len(p)) > f.key.size-off {
		p, end = p[:f.key.size-off], io.EOF
	}
	if off < headSize {
		if f.start.Do(f.readHead); f.headErr != nil {
			return 0, f.headErr
		}
		n = copy(p, f.head[off:])
	}
	if n < len(p) {
		if err := f.calls.read(f.key, p[n:], off+int64(n)); err != nil {
			return n, err
		}
	}
	return len(p), end
}

// readHead reads the first bytes, which are most of what opening the file needs.
func (f *ParentFile) readHead() {
	f.head = make([]byte, min(f.key.size, headSize))
	f.headErr = f.calls.read(f.key, f.head, 0)
}

// upcalls are the up-calls that wait for an answer.
type upcalls struct {
	s *Server

	mu     sync.Mutex
	last   int64
	asked  map[int64]*upcall
	closed bool // the parent sends nothing any more
}

// upcall is one read of the parent, which answers into a buffer.
type upcall struct {
	into []byte
	done chan error
}

func newUpcalls(s *Server) *upcalls { return &upcalls{s: s, asked: make(map[int64]*upcall)} }

// file returns a file that the parent reads, nil for any other.
func (u *upcalls) file(k fileKey) *ParentFile {
	if !k.parent {
		return nil
	}
	return &ParentFile{calls: u, key: k}
}

// read has the parent fill p.
func (u *upcalls) read(k fileKey, p []byte, off int64) error {
	c := &upcall{into: p, done: make(chan error, 1)}
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return errParentDone
	}
	u.last++
	n := u.last
	u.asked[n] = c
	u.mu.Unlock()

	u.s.queue.change(0, 1)
	defer u.s.queue.change(0, -1)
	if err := u.s.out.answer(nil, newCall(k, n, off, len(p))); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-u.s.done:
		return errParentDone
	}
}

var errParentDone = fmt.Errorf("%w: the parent has closed its end before it answered", ErrUpcall)

// call is the line that asks for bytes.
type call struct {
	Read      int64  `json:"read"`
	File      string `json:"file,omitempty"` // if the name is UTF-8
	Base64    []byte `json:"file_base64"`    // the name
	Validator string `json:"validator,omitempty"`
	Offset    int64  `json:"offset"`
	Length    int    `json:"length"`
}

func newCall(k fileKey, n, off int64, length int) *call {
	c := &call{Read: n, Base64: []byte(k.name), Validator: k.validator, Offset: off, Length: length}
	if utf8.ValidString(k.name) {
		c.File = k.name
	}
	return c
}

// answered takes an answer of the parent, and the bytes that follow it. The error is
// ErrProtocol if it is not known where the answer ends.
func (u *upcalls) answered(all members, in io.Reader) error {
	n, numbered := all.number("read", 0)
	length, counted := all.number("length", 0)
	reason, worded := all.text("error")
	_, has := all["length"]
	_, failed := all["error"]
	err := errors.Join(all.only("read", "length", "error"), numbered, counted, worded)
	if err != nil || has == failed {
		return fmt.Errorf(`%w: an answer to an up-call has "read" with its number, and "length" or "error"`, ErrProtocol)
	}
	u.mu.Lock()
	c := u.asked[n]
	delete(u.asked, n)
	u.mu.Unlock()
	if c == nil {
		return fmt.Errorf("%w: it answers up-call %d, which is none that waits for an answer", ErrProtocol, n)
	}
	if failed {
		c.done <- fmt.Errorf("%w: %s", ErrUpcall, reason[:min(len(reason), maxReason)])
		return nil
	}
	outcome, cut := c.take(in, length)
	c.done <- outcome
	return cut
}

// take reads an answer of length bytes.
func (c *upcall) take(in io.Reader, length int64) (outcome, cut error) {
	if length == int64(len(c.into)) {
		_, cut = io.ReadFull(in, c.into)
	} else {
		_, cut = io.CopyN(io.Discard, in, length)
		outcome = fmt.Errorf("%w: the parent answered with %d bytes, and was asked for %d", ErrUpcall, length, len(c.into))
	}
	if cut == nil {
		return outcome, nil
	}
	if cut == io.EOF || cut == io.ErrUnexpectedEOF {
		cut = fmt.Errorf("%w: an answer to an up-call is cut short", ErrProtocol)
	}
	return errParentDone, cut
}

// end fails all up-calls that wait, and those to come: the parent has closed its end.
func (u *upcalls) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for n, c := range u.asked {
		delete(u.asked, n)
		c.done <- errParentDone
	}
}
