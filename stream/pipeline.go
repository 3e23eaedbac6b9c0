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
// is an *io.OffsetWriter, each to its offset as soon as it is ready.
//
// Chunks that are read in order come by submit. Each has a goroutine of its own that ends
// when the chunk is written, so nothing has to be shut down: a pipeline that is abandoned
// ends by itself. For chunks that are read by offset, each has a few goroutines that read
// as well, and hand nothing over.
//
// All memory is in the slots. A slot is taken before a chunk is read and comes back when
// it is written, so a slow writer stops the reader.
type pipeline struct {
	dst    io.Writer
	at     *io.OffsetWriter // dst, if it is written by offset
	start  int64            // in that
	writer sync.Mutex       // held over writes by offset
	size   int              // of a slot's buffer
	free   chan []byte      // slots that came back
	limit  int              // how many slots there may be
	made   int              // how many exist
	turn   chan token       // closed when all chunks so far are written
	failed atomic.Bool      // a chunk has failed: nothing more need be read

	// These belong to the goroutine whose turn it is.
	err    error // first failure
	length int64 // how many bytes were written
}

type token struct{}

// turn is that of a chunk: it begins when before is closed, and ends by closing after.
type turn struct{ before, after chan token }

func newPipeline(dst io.Writer, size int) *pipeline {
	p := &pipeline{dst: dst, size: size, limit: min(slots, atLeastTwo()), free: make(chan []byte, maxSlots), turn: make(chan token)}
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
// while another waits for a disk or a pipe. GOMAXPROCS may be more, see cmd/pqenc.
func atLeastTwo() int { return max(min(runtime.GOMAXPROCS(0), runtime.NumCPU()), 2) }

// take returns an empty buffer, or the first failure of a chunk before.
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

// submit starts work on k, whose buffer was taken from p. What work leaves in k.buf is
// written once its turn has come and check has agreed. What is written by offset does
// not wait for that: its turn comes when it is written.
func (p *pipeline) submit(k *chunk, work, check func(*chunk) error) {
	t := p.next()
	go func() {
		finish := p.process(k, work, check, t)
		p.free <- k.buf
		finish()
	}()
}

// each works on count chunks, which chunkAt lays out in a buffer and work reads. It
// returns when all are written, and with the first failure if there was one.
func (p *pipeline) each(count int64, chunkAt func(i int64, buf []byte) *chunk, work, check func(*chunk) error) error {
	var mu sync.Mutex // of what follows, and p.turn
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
	for range min(int64(p.limit), count) {
		all.Go(func() {
			buf := getBuffer(p.size)
			for i, t, ok := claim(); ok; i, t, ok = claim() {
				k := chunkAt(i, buf)
				finish := p.process(k, work, check, t)
				buf = k.buf[:0]
				select {
				case <-t.before:
					finish()
				default:
					go finish() // and on with the next chunk
				}
			}
			putBuffer(buf)
		})
	}
	all.Wait()
	return p.end()
}

// next returns the turn after all before.
func (p *pipeline) next() turn {
	t := turn{p.turn, make(chan token)}
	p.turn = t.after
	return t
}

// process works on k and writes it. What the caller does with finish, which waits for the
// turn of k if that is not over, needs the buffer no more.
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

// settle decides in the turn of k what becomes of it, and reports whether all is well.
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
		case buf := <-p.free:
			putBuffer(buf)
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
