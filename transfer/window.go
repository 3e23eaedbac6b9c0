// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// window is a source that can be read only once: a file that is encrypted while it is sent,
// or a pipe. It keeps everything until the server has acknowledged it, so that the very same
// bytes can be sent again after a lost connection. Nothing is ever encrypted twice: the file
// may have changed, or the server may only pretend to have lost it, and two plaintexts under
// one nonce would reveal both.
type window struct {
	monitor
	segments [][]byte // full ones, except the last; the first starts at base
	spare    [][]byte
	base     int64 // the first byte that is kept
	end      int64 // after the last one
	safe     int64 // everything before it will not be read again
	lent     int64 // the last offset of next: the bytes from there on may be in use
	err      error // after the last byte; io.EOF at the end
	closed   bool

	limit, most int64 // bytes to keep, now and at most
}

const segmentSize = wire.MaxData

// aheadOfSending is how much is read before it is sent. More would leave the caches of the
// processor in between.
const aheadOfSending = 1 << 20

// newWindow returns a window that uses up to buffer bytes of memory; see
// [PushOptions.Buffer].
func newWindow(most int64) *window {
	most = min(max(cmp.Or(most, defaultBuffer), LeastBuffer), math.MaxUint32)
	w := &window{limit: min(firstWindow, most), most: most}
	w.changed.L = &w.mu
	return w
}

// readFrom reads src to its end, as far as there is room. A segment that is not full is sent
// as well, so that a slow stream is not delayed.
func (w *window) readFrom(src io.Reader) {
	for {
		room := w.room()
		if room == nil {
			return
		}
		n, err := src.Read(room)
		w.extend(n, err)
		if err != nil {
			return
		}
	}
}

// writtenBy keeps what write writes, until that returns.
func (w *window) writtenBy(write func(io.Writer) error) {
	err := errNotReturned
	defer func() { w.finish(err) }()   // also after runtime.Goexit
	if err = write(w); err == io.EOF { // of what it reads
		err = io.ErrUnexpectedEOF
	}
}

// Write keeps p, and waits for room. It discards what is written after an error: an
// encrypting writer may still write when its source has failed.
func (w *window) Write(p []byte) (n int, err error) {
	for n < len(p) {
		room := w.room()
		if room == nil {
			return n, fs.ErrClosed
		}
		k := copy(room, p[n:])
		w.extend(k, nil)
		n += k
	}
	return n, nil
}

// finish ends the stream with an error, or io.EOF.
func (w *window) finish(err error) {
	if err == nil {
		err = io.EOF
	}
	w.change(func() { w.err = err })
}

// room waits for memory, and returns nil when the window is closed. Only one goroutine fills
// the window.
func (w *window) room() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed && w.err == nil {
		if last := len(w.segments) - 1; last >= 0 && len(w.segments[last]) < segmentSize {
			s := w.segments[last]
			return s[len(s):segmentSize]
		}
		if int64(len(w.segments)+1)*segmentSize <= w.limit && w.end-max(w.lent, w.base) < aheadOfSending {
			w.segments = append(w.segments, w.segment())
			continue
		}
		w.changed.Wait()
	}
	return nil
}

// segment returns an empty segment.
func (w *window) segment() []byte {
	if last := len(w.spare) - 1; last >= 0 {
		s := w.spare[last]
		w.spare = w.spare[:last]
		return s[:0]
	}
	return make([]byte, 0, segmentSize)
}

// extend notes that n bytes were written into the room, and the error after them.
func (w *window) extend(n int, err error) {
	w.change(func() {
		last := len(w.segments) - 1
		w.segments[last] = w.segments[last][:len(w.segments[last])+n]
		w.end += int64(n)
		w.err = cmp.Or(w.err, err)
		w.drop()
	})
}

func (w *window) next(ctx context.Context, offset int64) (b []byte, err error) {
	w.change(func() { w.lent = offset; w.drop() })
	failed := w.await(ctx, func() bool {
		b, err = w.at(offset)
		return b != nil || err != nil
	})
	return b, cmp.Or(failed, err)
}

// at returns the bytes from the offset on, which may be none yet.
func (w *window) at(offset int64) ([]byte, error) {
	switch {
	case offset < w.base:
		return nil, ErrRewound
	case offset < w.end:
		at := offset - w.base
		return w.segments[at/segmentSize][at%segmentSize:], nil
	case w.err == io.EOF && offset > w.end:
		return nil, fmt.Errorf("%w: byte %d of %d", wire.ErrOrder, offset, w.end)
	}
	return nil, w.err
}

// seek may go beyond what was read: the server may have more of the same file from an
// earlier push.
func (w *window) seek(offset int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if offset < w.base {
		return fmt.Errorf("%w: byte %d, after %d", ErrRewound, offset, w.base)
	}
	return nil
}

func (w *window) release(offset int64) {
	w.change(func() { w.safe = max(w.safe, offset); w.drop() })
}

// drop releases full segments that are safe and not in use, with w.mu held.
func (w *window) drop() {
	for len(w.segments) > 0 && w.base+segmentSize <= min(w.safe, w.end, w.lent) {
		w.spare = append(w.spare, w.segments[0])
		w.segments = append(w.segments[:0], w.segments[1:]...)
		w.base += segmentSize
	}
}

func (w *window) window() (now, most int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limit, w.most
}

func (w *window) grow(size int64) {
	w.change(func() { w.limit = max(w.limit, min(size, w.most)) })
}

func (w *window) close() { w.change(func() { w.closed = true }) }
