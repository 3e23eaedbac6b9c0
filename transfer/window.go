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

// window is a source that there is only once: a file that is encrypted on the way,
// or a pipe. What comes into it it keeps until the server has
// acknowledged it, and so it can send that again, the very same bytes, after
// the connection was cut. Nothing is ever encrypted a second time: a file may have
// changed since, or a server may only pretend to have lost it, and two plaintexts
// under one nonce would give both away.
type window struct {
	monitor
	segments [][]byte // full ones, except the last; the first begins at base
	spare    [][]byte
	base     int64 // the first byte that is kept
	end      int64 // after the last one
	safe     int64 // what is before it will not be asked for again
	lent     int64 // where next was asked to begin last: those bytes may be in use
	err      error // why nothing more comes in; io.EOF when that was all
	closed   bool

	limit, most int64 // of what is kept, now and at any time
}

const segmentSize = wire.MaxData

// aheadOfSending is how much is taken in before it is sent. More would have left the caches
// of the processor until then.
const aheadOfSending = 1 << 20

// newWindow returns a window that takes up to so many bytes of memory, see
// [PushOptions.Buffer].
func newWindow(most int64) *window {
	most = min(max(cmp.Or(most, defaultBuffer), LeastBuffer), math.MaxUint32)
	w := &window{limit: min(firstWindow, most), most: most}
	w.changed.L = &w.mu
	return w
}

// readFrom reads src as far as there is room, to its end. A segment that is not
// full yet is sent as it is, so that a slow stream is not held back.
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

// writtenBy takes in what write writes, until that returns.
func (w *window) writtenBy(write func(io.Writer) error) {
	err := errNotReturned
	defer func() { w.finish(err) }()   // also when it has called runtime.Goexit
	if err = write(w); err == io.EOF { // of what it reads
		err = io.ErrUnexpectedEOF
	}
}

// Write takes p in, and waits for memory to do so. What comes after an error is of
// no use: a writer that encrypts may write on for a while when its source has failed.
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

// finish says that nothing more is written, and why.
func (w *window) finish(err error) {
	if err == nil {
		err = io.EOF
	}
	w.change(func() { w.err = err })
}

// room waits for memory to put more into, and returns nil when nobody needs it any
// more. Only one goroutine fills the window.
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

// extend says that n bytes have been put into the room, and what came after them.
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

// at returns what there is from the offset on, which may be nothing yet.
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

// seek may go ahead of what was read: the server has more of the same file from
// an earlier push.
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

// drop lets go of full segments that are safe and not in use, with w.mu held.
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
