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
	// slots is the number of chunks in flight if reading and writing are sequential: one
	// is read, one is processed and one is written. More do not help, since reading and
	// writing each take about as long as AES-GCM on one core. Two are enough on two cores.
	slots = 3
	// maxSlots bounds the memory if chunks are read by offset, one for each core.
	maxSlots = 16
)

// pipeline processes chunks in parallel and writes them in order or, if the destination is
// an *io.OffsetWriter, each to its offset as soon as it is ready.
//
// Chunks that are read in order are passed to submit. Each has its own goroutine, which ends
// when the chunk is written: a pipeline needs no shutdown. The last is worked on by whoever
// waits for it. Chunks that are read by offset are passed to each, whose goroutines read and
// process them.
//
// All memory is in the slots. A slot is taken before a chunk is read and returned when it is
// written, so that a slow destination stops reading.
type pipeline struct {
	dst    io.Writer
	at     *io.OffsetWriter // dst, if it is written by offset
	start  int64            // position in at
	writer sync.Mutex       // held during writes by offset
	size   int              // of a slot's buffer
	free   chan []byte      // slots that were returned
	limit  int              // largest number of slots
	made   int              // number of slots
	turn   chan token       // closed when all chunks so far are written
	failed atomic.Bool      // a chunk has failed: read no more

	// Used only by the goroutine whose turn it is.
	err    error // first error
	length int64 // bytes written
}

type token struct{}

// turn is the turn of a chunk. It begins when before is closed, and ends by closing after.
type turn struct{ before, after chan token }

func newPipeline(dst io.Writer, size int) *pipeline {
	p := &pipeline{dst: dst, size: size, limit: min(slots, atLeastTwo()), free: make(chan []byte, maxSlots), turn: make(chan token)}
	if p.at, _ = dst.(*io.OffsetWriter); p.at != nil {
		p.start, _ = p.at.Seek(0, io.SeekCurrent) // which cannot fail
	}
	close(p.turn)
	return p
}

// concurrency returns the number of chunks in flight if src is read by offset: as many as its
// method Concurrency returns, or else one for each core, at least two.
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

// atLeastTwo returns the number of cores, or 2 on one core: a chunk can be processed while
// another waits for a disk or a pipe. GOMAXPROCS may be larger, see cmd/pqenc.
func atLeastTwo() int { return max(min(runtime.GOMAXPROCS(0), runtime.NumCPU()), 2) }

// take returns an empty buffer, or the first error of an earlier chunk.
func (p *pipeline) take() ([]byte, error) {
	var buf []byte
	select {
	case buf = <-p.free:
	default:
		if p.made < p.limit {
			p.made++
			return getBuffer(p.size), nil
		}
		buf = <-p.free
	}
	if p.failed.Load() {
		putBuffer(buf)
		return nil, p.end()
	}
	return buf[:0], nil
}

// submit returns what works on k, whose buffer was taken from p. In the turn of k, which is
// the next one, k.buf is written if check returns nil. If the destination is written by
// offset, k.buf is written before its turn.
func (p *pipeline) submit(k *chunk, work, check func(*chunk) error) func() {
	t := p.next()
	return func() {
		finish := p.process(k, work, check, t)
		p.free <- k.buf
		finish()
	}
}

// each processes count chunks: chunkAt places a chunk in a buffer, and work reads it. It returns
// when all are written, with the first error.
func (p *pipeline) each(count int64, chunkAt func(i int64, buf []byte) *chunk, work, check func(*chunk) error) error {
	var mu sync.Mutex // guards next and p.turn
	next := int64(0)
	claim := func() (i int64, t turn, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == count || p.failed.Load() {
			return 0, turn{}, false
		}
		next++
		return next - 1, p.next(), true
	}
	var all sync.WaitGroup
	share := func() {
		buf := getBuffer(p.size)
		for i, t, ok := claim(); ok; i, t, ok = claim() {
			k := chunkAt(i, buf)
			finish := p.process(k, work, check, t)
			buf = k.buf[:0]
			select {
			case <-t.before:
				finish()
			default:
				go finish() // meanwhile, process the next chunk
			}
		}
		putBuffer(buf)
	}
	if count > 0 {
		for range min(int64(p.limit), count) - 1 {
			all.Go(share)
		}
		share()
	}
	all.Wait()
	return p.end()
}

// next returns the turn after all earlier ones.
func (p *pipeline) next() turn {
	t := turn{p.turn, make(chan token)}
	p.turn = t.after
	return t
}

// process processes k and writes it. The caller must call finish, which waits for the turn of k
// if it is not over. finish does not use the buffer.
func (p *pipeline) process(k *chunk, work, check func(*chunk) error, t turn) (finish func()) {
	err := work(k)
	if p.at == nil {
		<-t.before
		if p.settle(k, err, check) {
			p.write(k.buf)
		}
		close(t.after)
		return func() {}
	}
	n := len(k.buf)
	if err == nil {
		err = p.writeAt(k)
	}
	if err != nil {
		p.failed.Store(true)
	}
	return func() {
		<-t.before
		if p.settle(k, err, check) {
			p.length += int64(n)
		}
		close(t.after)
	}
}

// settle records the first error in the turn of k, and reports whether there is none.
func (p *pipeline) settle(k *chunk, err error, check func(*chunk) error) bool {
	if p.err == nil {
		p.err = err
	}
	if p.err == nil {
		p.err = check(k)
	}
	if p.err != nil {
		p.failed.Store(true)
	}
	return p.err == nil
}

// write appends b to the destination.
func (p *pipeline) write(b []byte) {
	n, err := writeAll(p.dst, b)
	p.length += int64(n)
	if p.err = err; err != nil {
		p.failed.Store(true)
	}
}

// writeAt writes k by offset. Systems serialize the writes to a file, and some spin while they
// wait. The mutex lets the core process another chunk instead.
func (p *pipeline) writeAt(k *chunk) error {
	p.writer.Lock()
	defer p.writer.Unlock()
	_, err := writeAll(io.NewOffsetWriter(p.at, p.start+k.to), k.buf)
	return err
}

// end waits until every chunk is written, and returns the first error. The pipeline must not be
// used afterwards.
func (p *pipeline) end() error {
	<-p.turn
	for {
		select {
		case buf := <-p.free:
			putBuffer(buf)
			continue
		default:
		}
		break
	}
	if p.at != nil {
		p.at.Seek(p.start+p.length, io.SeekStart) // for a later Write
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
