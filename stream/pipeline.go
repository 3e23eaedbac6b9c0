// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// slots is how many chunks are under way at once where reading and writing are
	// sequential: one that is being read, one that is worked on and one that is being
	// written, in any mixture. More find no more to do: reading and writing each take
	// about as long as AES-GCM on one core. Two cores do as well with two.
	slots = 3
	// maxSlots bounds the memory where chunks are read by offset, one a core.
	maxSlots = 16
)

// pipeline works on chunks in parallel and writes them in order or, if the destination
// is an *io.OffsetWriter, each to its offset as soon as it is ready. Every chunk has a
// goroutine of its own that ends when the chunk is written, so nothing has to be shut
// down: a pipeline that is abandoned ends by itself.
//
// All memory is in the slots. A slot is taken before a chunk is read and comes back when
// it is written, so a slow writer stops the reader.
type pipeline struct {
	dst    io.Writer
	at     *io.OffsetWriter // dst, if it is written by offset
	start  int64            // in that
	writer sync.Mutex       // held over writes by offset
	size   int              // of a slot's buffer
	free   chan slot        // slots that came back
	limit  int              // how many slots there may be
	made   int              // how many exist
	turn   chan token       // closed when all chunks so far are written
	failed atomic.Bool      // a chunk has failed that was to be written by offset

	// These belong to the goroutine whose turn it is.
	err    error // first failure
	length int64 // how many bytes were written
}

type token struct{}

// slot is a buffer for one chunk, and the pipeline's state when it came back.
type slot struct {
	buf    []byte
	failed bool
}

func newPipeline(dst io.Writer, size int) *pipeline {
	p := &pipeline{dst: dst, size: size, limit: min(slots, atLeastTwo()), free: make(chan slot, maxSlots), turn: make(chan token)}
	if p.at, _ = dst.(*io.OffsetWriter); p.at != nil {
		p.start, _ = p.at.Seek(0, io.SeekCurrent) // which cannot fail
	}
	close(p.turn)
	return p
}

// concurrency returns how many chunks of src should be under way when it is read by
// offset: one a core, or as many as src says. Two are the least, for one that waits for
// the disk.
func concurrency(src io.ReaderAt) int {
	for s, ok := src.(*io.SectionReader); ok; s, ok = src.(*io.SectionReader) {
		src, _, _ = s.Outer()
	}
	n := atLeastTwo()
	if s, ok := src.(interface{ Concurrency() int }); ok {
		n = s.Concurrency()
	}
	return min(max(n, 1), maxSlots)
}

// atLeastTwo returns the number of cores, and not less than two: one chunk is worked on
// while another waits for a disk or a pipe.
func atLeastTwo() int { return max(runtime.GOMAXPROCS(0), 2) }

// take returns an empty buffer, or the first failure of a chunk before.
func (p *pipeline) take() ([]byte, error) {
	var s slot
	select {
	case s = <-p.free:
	default:
		if p.made < p.limit {
			p.made++
			return getBuffer(p.size), nil
		}
		s = <-p.free
	}
	if s.failed {
		putBuffer(s.buf)
		return nil, p.end()
	}
	return s.buf[:0], nil
}

// submit starts work on k, whose buffer was taken from p. What work leaves in k.buf is
// written once its turn has come and check has agreed. What is written by offset does
// not wait for that: its turn comes when it is written.
func (p *pipeline) submit(k *chunk, work, check func(*chunk) error) {
	before, after := p.turn, make(chan token)
	p.turn = after
	go func() {
		err := work(k)
		if p.at != nil {
			p.place(k, err, check, before)
		} else {
			<-before
			if p.settle(k, err, check) {
				p.write(k.buf)
			}
			p.free <- slot{k.buf, p.err != nil}
		}
		close(after)
	}()
}

// settle decides in the turn of k what becomes of it, and reports whether all is well.
func (p *pipeline) settle(k *chunk, err error, check func(*chunk) error) bool {
	if p.err == nil {
		p.err = err
	}
	if p.err == nil {
		p.err = check(k)
	}
	return p.err == nil
}

// write appends b to the destination.
func (p *pipeline) write(b []byte) {
	n, err := writeAll(p.dst, b)
	p.length += int64(n)
	p.err = err
}

// place writes k by offset, unless err says that there is nothing to be written, and
// then waits for its turn. The buffer does not wait.
func (p *pipeline) place(k *chunk, err error, check func(*chunk) error, before chan token) {
	n := len(k.buf)
	if err == nil {
		err = p.writeAt(k)
	}
	if err != nil {
		p.failed.Store(true)
	}
	p.free <- slot{k.buf, p.failed.Load()}
	<-before
	if p.settle(k, err, check) {
		p.length += int64(n)
	} else {
		p.failed.Store(true)
	}
}

// writeAt writes k by offset. Systems take the writes to a file one after the other, and
// who waits for that in there keeps a core busy. Here that core works on another chunk.
func (p *pipeline) writeAt(k *chunk) error {
	p.writer.Lock()
	defer p.writer.Unlock()
	_, err := writeAll(io.NewOffsetWriter(p.at, p.start+k.to), k.buf)
	return err
}

// end waits until every chunk is written, and returns the first failure. No
// goroutine of the pipeline does anything afterwards, nor may the caller.
func (p *pipeline) end() error {
	<-p.turn
	for {
		select {
		case s := <-p.free:
			putBuffer(s.buf)
			continue
		default:
		}
		break
	}
	if p.at != nil {
		p.at.Seek(p.start+p.length, io.SeekStart) // for whoever goes on with Write
	}
	return p.err
}

func writeAll(dst io.Writer, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := dst.Write(b)
	switch {
	case err == io.EOF: // as ssh channels do; here it means the end of a body
		return n, io.ErrClosedPipe
	case err == nil && n < len(b):
		return n, io.ErrShortWrite
	}
	return n, err
}
