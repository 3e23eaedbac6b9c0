// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask

import (
	"context"
	"runtime"
	"sync"
)

// BlockSize is the size of the blocks of a vector in bytes. The last one can be smaller.
const BlockSize = 256 << 10

// Stream passes the blocks of a vector of size bytes through three functions, any of which
// can be nil. Each gets a block and its byte offset in the vector:
//   - read fills a block. It is called for one block after the other.
//   - work changes a block. It is called for several blocks at once.
//   - write uses a block. It is called for one block after the other.
//
// The block is zero before read is called the first time; later it has the content of an
// earlier block, which read must replace, unless read is nil: then it is zero.
//
// The functions must not keep the block. Memory is one block for each core, and one more.
//
// Stream returns when no function runs any more. It returns the first error in the order of
// the vector. All blocks before this error are written, and none after it. When ctx is done,
// no more blocks are read, and Stream returns the cause. It does not interrupt a function.
func Stream(ctx context.Context, size int64, read, work, write func(block []byte, offset int64) error) error {
	if size < 0 {
		panic("mask: internal error: negative size")
	}
	p := &pipeline{ctx: ctx, size: size, read: read, work: work, write: write, turn: make(chan struct{})}
	close(p.turn)
	blocks := size / BlockSize
	if size%BlockSize != 0 {
		blocks++
	}
	var all sync.WaitGroup
	for range min(int64(runtime.GOMAXPROCS(0))+1, blocks) - 1 {
		all.Go(p.run)
	}
	if blocks > 0 {
		p.run()
	}
	all.Wait()
	return p.err
}

// pipeline is the state of Stream. Its goroutines each take the next block, process it and
// write it when all blocks before are written.
type pipeline struct {
	ctx               context.Context
	size              int64
	read, work, write func(block []byte, offset int64) error

	reading sync.Mutex    // held during read; guards next and turn
	next    int64         // offset of the next block
	turn    chan struct{} // closed when all blocks before next are written

	failed sync.Mutex // guards err
	err    error      // first error, in the order of the vector
}

// run processes blocks until there is none left, or one has failed.
func (p *pipeline) run() {
	buf := make([]byte, min(p.size, BlockSize))
	for {
		block, offset, before, after, err := p.take(buf)
		if block == nil {
			return
		}
		if err == nil && p.work != nil {
			err = p.work(block, offset)
		}
		<-before
		p.settle(block, offset, err)
		close(after)
	}
}

// take reads the next block, whose turn is from before to after. It returns no block at the
// end, and after a failure.
func (p *pipeline) take(buf []byte) (block []byte, offset int64, before, after chan struct{}, err error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if p.next == p.size || p.failure() != nil {
		return nil, 0, nil, nil, nil
	}
	offset = p.next
	block = buf[:min(p.size-offset, BlockSize)]
	before, after = p.turn, make(chan struct{})
	p.turn = after
	p.next += int64(len(block))
	if p.ctx.Err() != nil {
		err = context.Cause(p.ctx)
	} else if p.read == nil {
		clear(block)
	} else {
		err = p.read(block, offset)
	}
	if err != nil {
		p.next = p.size // nothing is read after it
	}
	return block, offset, before, after, err
}

// settle writes a block in its turn, unless one before it has failed.
func (p *pipeline) settle(block []byte, offset int64, err error) {
	if p.failure() != nil {
		return
	}
	if err == nil && p.write != nil {
		err = p.write(block, offset)
	}
	p.failed.Lock()
	defer p.failed.Unlock()
	p.err = err
}

func (p *pipeline) failure() error {
	p.failed.Lock()
	defer p.failed.Unlock()
	return p.err
}
