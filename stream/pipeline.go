// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import "io"

// slots is how many chunks are under way at once: one that is being read, one
// that is worked on and one that is being written, in any mixture. More cores
// find no more to do: reading and writing, which are sequential, each take about
// as long as AES-GCM on one core. And so the memory is the same everywhere.
const slots = 3

// pipeline works on chunks in parallel and writes them in order. Every chunk
// has a goroutine of its own that ends when the chunk is written, so nothing
// has to be shut down: a pipeline that is abandoned ends by itself.
//
// All memory is in the slots. A slot is taken before a chunk is read and comes
// back when it is written, so a slow writer stops the reader.
type pipeline struct {
	dst  io.Writer
	size int        // of a slot's buffer
	free chan slot  // slots that came back
	made int        // slots that exist
	turn chan token // closed when all chunks so far are written
	err  error      // first failure; belongs to the goroutine whose turn it is
}

type token struct{}

// slot is a buffer for one chunk, and the pipeline's state when it came back.
type slot struct {
	buf []byte
	err error
}

func newPipeline(dst io.Writer, size int) *pipeline {
	p := &pipeline{dst: dst, size: size, free: make(chan slot, slots), turn: make(chan token)}
	close(p.turn)
	return p
}

// take returns an empty buffer, or the first failure of a chunk before.
func (p *pipeline) take() ([]byte, error) {
	select {
	case s := <-p.free:
		return s.buf[:0], s.err
	default:
	}
	if p.made < cap(p.free) {
		p.made++
		return getBuffer(p.size), nil
	}
	s := <-p.free
	return s.buf[:0], s.err
}

// submit starts work on k, whose buffer was taken from p. What work leaves in
// k.buf is written once its turn has come and check has agreed.
func (p *pipeline) submit(k *chunk, work, check func(*chunk) error) {
	before, after := p.turn, make(chan token)
	p.turn = after
	go func() {
		err := work(k)
		<-before
		if p.err == nil {
			p.err = err
		}
		if p.err == nil {
			p.err = check(k)
		}
		if p.err == nil {
			p.err = writeAll(p.dst, k.buf)
		}
		p.free <- slot{k.buf, p.err}
		close(after)
	}()
}

// end waits until every chunk is written, and returns the first failure. No
// goroutine of the pipeline does anything afterwards, nor may the caller.
func (p *pipeline) end() error {
	<-p.turn
	for {
		select {
		case s := <-p.free:
			putBuffer(s.buf)
		default:
			return p.err
		}
	}
}

func writeAll(dst io.Writer, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := dst.Write(b)
	switch {
	case err == io.EOF: // as ssh channels do; here it means the end of a body
		return io.ErrClosedPipe
	case err == nil && n < len(b):
		return io.ErrShortWrite
	}
	return err
}
