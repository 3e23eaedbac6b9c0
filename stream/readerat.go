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

// blockSize is the number of bytes of plaintext in a block: several small chunks, or one
// chunk that may be larger.
const blockSize = 1 << 20

// minBlocks is the least number of blocks that a ReaderAt keeps, so that a few sequential
// readers do not evict each other's blocks on one core.
const minBlocks = 4

// ReaderAt decrypts any part of a body. It is safe for concurrent use. Calls wait for each
// other only if they need the same chunk, which is then read and opened once.
//
// It reads and opens blocks: single chunks, or 1 MiB of small ones, so that small chunks
// need few reads of the source. It keeps the blocks that were used last and read in
// part. Its memory does not grow with the number of calls: one block for each core and
// one for each that a call opens at the same time, at least 4. With chunks of 4 MiB that
// is 16 MiB on two cores, and 40 MiB for a source that asks for 8 reads at once.
//
// A call opens several blocks at once: one on each core, at least 2; or as many as the
// method Concurrency() int of the source returns, if it has one; at most 16.
type ReaderAt struct {
	c     *Cipher
	src   io.ReaderAt
	size  int64 // of the body
	plain int64 // of the plaintext

	per    int64 // chunks in a block
	atOnce int   // blocks that a call works on
	blocks *blocks
}

// NewReaderAt returns a reader of the body in the first size bytes of src. It opens the
// last chunk, which authenticates the length.
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
	if last%r.per == 0 { // the last chunk is a block of its own: keep it
		id = last / r.per
	}
	k, _ := r.blocks.take(id)
	defer r.blocks.put(k)
	if r.fill(k, last, last); k.err != nil {
		return nil, k.err
	}
	return r, nil
}

// WithDigests returns a reader of the same body that calls onDigest like
// [Cipher.OnDigest]. It reads nothing, since r has authenticated the length, and does not
// share the opened blocks of r.
func (r *ReaderAt) WithDigests(onDigest func(index uint32, digest [sha256.Size]byte) error) *ReaderAt {
	c, other := *r.c, *r
	c.OnDigest = onDigest
	other.c, other.blocks = &c, newBlocks(r.blocks.max)
	return &other
}

// Forget frees the memory of all opened chunks that no call uses. It is for readers that
// stay open for a long time.
func (r *ReaderAt) Forget() { r.blocks.forget() }

// Size returns the length of the plaintext in bytes.
func (r *ReaderAt) Size() int64 { return r.plain }

// last returns the index of the last chunk.
func (r *ReaderAt) last() int64 { return r.plain / int64(r.c.chunkSize) }

// ReadAt implements [io.ReaderAt] on the plaintext. Whole chunks are opened directly into
// p. If one does not authenticate, or [Cipher.OnDigest] refuses it, that part of p is
// cleared. So p contains only authenticated bytes, but after an error perhaps more than
// the first n: later chunks may have been opened at the same time.
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

// readBlocks fills p. It returns the number of bytes before the first error in the body.
func (r *ReaderAt) readBlocks(p []byte, off int64) (n int, err error) {
	size := r.per * int64(r.c.chunkSize)
	first, last := off/size, (off+int64(len(p))-1)/size
	if first == last {
		return r.readBlock(p, off)
	}
	return r.spread(p, off, first, last-first+1)
}

// spread is readBlocks for count blocks from first on.
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
			// All blocks before this one are done or in progress, so the first error
			// in the order of the body is found.
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

// readBlock fills p, which lies in one block.
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
	// A chunk of the block is damaged, but perhaps not one in p.
	return r.readThrough(p, off)
}

// readOpened fills p from a block, which it opens if needed.
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
	err := errors.New("reading panicked") // so that no other call waits forever
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

// readThrough fills p, which lies in one block, and keeps nothing. It returns the number of
// bytes before the first error.
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

// read reads sealed chunks into k at once. The error is the reason if some are missing.
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

// sealed returns the part of buf that holds a chunk, counted from 0. It is shorter than the
// chunk if buf ends before.
func (r *ReaderAt) sealed(buf []byte, number int64) []byte {
	start := min(int(number)*r.c.sealedSize(), len(buf))
	return buf[start:min(start+r.c.sealedSize(), len(buf))]
}

// open opens a sealed chunk into dst, which may be sealed itself. After an error that part
// of dst is cleared.
func (r *ReaderAt) open(dst []byte, i int64, sealed []byte) ([]byte, error) {
	k := &chunk{buf: sealed, index: uint32(i), last: i == r.last()}
	r.c.hash(k)
	// Open clears its output if the tag is wrong.
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
