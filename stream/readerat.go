// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// blockSize is how many bytes of plaintext a block has: as many chunks as that
// takes, or one that is larger.
const blockSize = 1 << 20

// minBlocks is how many blocks a ReaderAt keeps at least, so that a few
// sequential readers get along on one core.
const minBlocks = 4

// ReaderAt decrypts any part of a body. Its methods may be called
// concurrently, and no call waits for another's reading, opening or copying
// unless both want the same chunk, which is then read and opened once.
//
// It reads and opens blocks: a chunk each, or as many small ones as have 1 MiB
// together, so that even those need few reads of the source. It keeps those
// that were used last and of which only a part was wanted. Its memory does not
// grow with the number of calls: it is one block for each core and one for each
// that a call opens at once, at least 4. With chunks of 4 MiB that is 16 MiB on
// two cores, and 40 MiB where the source wants 8 reads at once.
//
// A call opens several blocks at once: one on each core, but two at least, or as
// many as the source's method Concurrency() int says, if it has one; never more
// than 16.
type ReaderAt struct {
	c     *Cipher
	src   io.ReaderAt
	size  int64 // of the body
	plain int64 // of the plaintext

	per    int64 // chunks in a block
	atOnce int   // blocks that a call works on
	blocks *blocks
}

// NewReaderAt returns a reader of the body in the first size bytes of src. It
// opens the last chunk before it returns: that one authenticates the length.
func (c *Cipher) NewReaderAt(src io.ReaderAt, size int64) (*ReaderAt, error) {
	plain, err := plaintextSize(size, int64(c.chunkSize))
	if err != nil {
		return nil, err
	}
	r := &ReaderAt{c: c, src: src, size: size, plain: plain}
	r.per = max(1, int64(blockSize/c.chunkSize))
	r.atOnce = concurrency(src)
	r.blocks = newBlocks(max(minBlocks, atLeastTwo()+r.atOnce))

	id, last := int64(none), r.last()
	if last%r.per == 0 { // it is a block of its own, and can be kept
		id = last / r.per
	}
	k, _ := r.blocks.take(id)
	defer r.blocks.put(k)
	if r.fill(k, last, last); k.err != nil {
		return nil, k.err
	}
	return r, nil
}

// WithDigests returns a reader of the same body that calls onDigest as
// [Cipher.OnDigest] has it. It reads nothing, since r has authenticated the
// length, and shares nothing that r has opened.
func (r *ReaderAt) WithDigests(onDigest func(index uint32, digest [sha256.Size]byte) error) *ReaderAt {
	c, other := *r.c, *r
	c.OnDigest = onDigest
	other.c, other.blocks = &c, newBlocks(r.blocks.max)
	return &other
}

// Forget frees the memory of all opened chunks that no call uses now. It is for readers that
// are kept, and perhaps not used again.
func (r *ReaderAt) Forget() { r.blocks.forget() }

// Size returns the length of the plaintext in bytes.
func (r *ReaderAt) Size() int64 { return r.plain }

// last returns the index of the last chunk.
func (r *ReaderAt) last() int64 { return r.plain / int64(r.c.chunkSize) }

// ReadAt implements [io.ReaderAt] on the plaintext. Where all of a chunk is
// wanted it is opened straight into p. When it does not authenticate, or
// [Cipher.OnDigest] refuses it, that part of p is cleared before ReadAt
// returns. So p holds authenticated bytes only, which after an error may be
// more than the first n: later chunks were perhaps opened at the same time.
func (r *ReaderAt) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if len(p) == 0 {
		return 0, nil
	}
	if off >= r.plain {
		return 0, io.EOF
	}
	var atEnd error
	if int64(len(p)) > r.plain-off {
		p, atEnd = p[:r.plain-off], io.EOF
	}
	if n, err = r.readBlocks(p, off); err != nil {
		return n, err
	}
	return n, atEnd
}

// readBlocks fills p. It returns how many bytes are good up to the first fault
// in the body.
func (r *ReaderAt) readBlocks(p []byte, off int64) (n int, err error) {
	size := r.per * int64(r.c.chunkSize)
	first, last := off/size, (off+int64(len(p))-1)/size
	if first == last {
		return r.readBlock(p, off)
	}
	return r.spread(p, off, first, last-first+1)
}

// spread is readBlocks for several blocks, count from first on.
func (r *ReaderAt) spread(p []byte, off, first, count int64) (n int, err error) {
	size := r.per * int64(r.c.chunkSize)
	var next atomic.Int64
	var mu sync.Mutex // of n and err
	n = len(p)
	work := func() {
		for {
			i := next.Add(1) - 1
			if i >= count {
				return
			}
			from := int(max((first+i)*size-off, 0))
			to := int(min((first+i+1)*size-off, int64(len(p))))
			m, e := r.readBlock(p[from:to], off+int64(from))
			if e == nil {
				continue
			}
			// All blocks before this one are done or under way: what comes first
			// in the body comes first here.
			next.Store(count)
			mu.Lock()
			if from+m < n {
				n, err = from+m, e
			}
			mu.Unlock()
		}
	}
	var others sync.WaitGroup
	for range min(int64(r.atOnce), count) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return n, err
}

// readBlock fills p, which is within one block.
func (r *ReaderAt) readBlock(p []byte, off int64) (int, error) {
	size := r.per * int64(r.c.chunkSize)
	id := off / size
	whole := off%size == 0 && int64(len(p)) == min(size, r.plain-off)
	if whole && !r.blocks.has(id) {
		return r.readThrough(p, off)
	}
	err := r.readOpened(p, off, id)
	if err == nil {
		return len(p), nil
	}
	if r.per == 1 {
		return 0, err
	}
	// Not all chunks of the block are good. Perhaps those wanted are.
	return r.readThrough(p, off)
}

// readOpened fills p from the block of that id, which it opens if it is not.
func (r *ReaderAt) readOpened(p []byte, off, id int64) error {
	k, first := r.blocks.take(id)
	defer r.blocks.put(k)
	if first {
		r.fill(k, id*r.per, min((id+1)*r.per-1, r.last()))
	}
	<-k.opened
	if k.err != nil {
		return k.err
	}
	size := int64(r.c.chunkSize)
	for len(p) > 0 {
		chunk := r.sealed(k.buf, off/size-id*r.per)
		n := copy(p, chunk[off%size:len(chunk)-Overhead])
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// fill reads chunks into k and opens them where they are.
func (r *ReaderAt) fill(k *block, first, last int64) {
	err := errors.New("reading panicked") // nobody must wait for it
	defer func() { r.blocks.done(k, err) }()
	readErr := r.read(k, first, last)
	for i := first; i <= last; i++ {
		sealed := r.sealed(k.buf, i-first)
		if len(sealed) < r.sealedSize(i) {
			err = readErr
			return
		}
		if _, err = r.open(sealed, i, sealed); err != nil {
			return
		}
	}
}

// readThrough fills p, which is within one block, from the chunks that are
// there, and keeps nothing. It returns how many bytes of p are good.
func (r *ReaderAt) readThrough(p []byte, off int64) (n int, err error) {
	size := int64(r.c.chunkSize)
	first, last := off/size, (off+int64(len(p))-1)/size
	k, _ := r.blocks.take(none)
	defer r.blocks.put(k)
	readErr := r.read(k, first, last)
	for i, at := first, off%size; i <= last; i, at = i+1, 0 {
		sealed := r.sealed(k.buf, i-first)
		if len(sealed) < r.sealedSize(i) {
			return n, readErr
		}
		dst := sealed
		whole := at == 0 && len(p)-n >= len(sealed)-Overhead
		if whole {
			dst = p[n:]
		}
		plain, err := r.open(dst, i, sealed)
		if err != nil {
			return n, err
		}
		if whole {
			n += len(plain)
		} else {
			n += copy(p[n:], plain[at:])
		}
	}
	return n, nil
}

// read reads sealed chunks into k, in one go. The error says why some are not
// there.
func (r *ReaderAt) read(k *block, first, last int64) error {
	start := first * int64(r.c.sealedSize())
	size := int(last-first)*r.c.sealedSize() + r.sealedSize(last)
	if cap(k.buf) < size {
		k.buf = getBuffer(size)
	}
	n, err := r.src.ReadAt(k.buf[:size], start)
	k.buf = k.buf[:n]
	if err == nil || err == io.EOF {
		return ErrTruncated
	}
	return err
}

// sealedSize returns the length of chunk i in the body.
func (r *ReaderAt) sealedSize(i int64) int {
	return int(min(int64(r.c.sealedSize()), r.size-i*int64(r.c.sealedSize())))
}

// sealed returns the place of the chunk with that number in buf. It is shorter
// than the chunk if buf is.
func (r *ReaderAt) sealed(buf []byte, number int64) []byte {
	start := min(int(number)*r.c.sealedSize(), len(buf))
	return buf[start:min(start+r.c.sealedSize(), len(buf))]
}

// open opens a sealed chunk into dst, which has room for its plaintext and may
// be sealed itself. After an error that part of dst is cleared.
func (r *ReaderAt) open(dst []byte, i int64, sealed []byte) ([]byte, error) {
	k := &chunk{buf: sealed, index: uint32(i), last: i == r.last()}
	r.c.hash(k)
	// Open clears what it wrote when the tag is wrong.
	plain, err := r.c.aead.Open(dst[:0], r.c.nonce(k.index, k.last), sealed, nil)
	if err != nil {
		return nil, r.c.damaged(k)
	}
	if err := r.c.report(k); err != nil {
		clear(plain)
		return nil, err
	}
	return plain, nil
}
