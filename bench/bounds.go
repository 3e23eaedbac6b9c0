// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pqenc/pqenc/bench/internal/hold"
)

// parts are the functions that other processes of this program run for the measurement.
var parts = map[string]func(args []string) error{
	"hold":  func(args []string) error { return hold.Run(args[0]) },
	"bound": func(args []string) error { return runBound(args[0], args[1:]) },
	"batch": runBatch,
}

// The bounds are the work that pqenc cannot avoid, in its chunks, on all cores, and nothing
// else.
const (
	sealing       = "reading, sealing"
	sealHashing   = "reading, sealing, SHA-256"
	sealWriting   = "reading, sealing, writing"
	opening       = "reading, opening"
	openingRandom = "opening for 1000 reads"
	onePipe       = "one pipe"
)

// boundCases measures the bounds on the large file.
func (b *bench) boundCases() group {
	large := b.large()
	plain, chunks := plainName(large), "chunks"
	bound := func(way string, files ...string) *testCase {
		c := &testCase{what: what{"bound", way, large, false, bounds}, input: files[0], args: append([]string{b.self, "bound", way}, files...)}
		if len(files) > 1 {
			c.output = files[1]
		}
		return c
	}
	write := bound(sealWriting, plain, chunks)
	b.makers[chunks] = b.runner(write)
	return group{
		{what: what{"copy", onePipe, large, false, copying}, input: plain, feed: []string{"cat", plain}, args: []string{"cat"}},
		bound(sealing, plain), bound(sealHashing, plain), write, bound(opening, chunks), bound(openingRandom, chunks),
	}
}

const (
	chunkSize = 4 << 20
	tagSize   = 16
)

// runBound does the work of one bound, with the files that it needs.
func runBound(way string, names []string) error {
	var in, out *os.File
	in, err := os.Open(names[0])
	if err != nil {
		return err
	}
	if len(names) > 1 {
		if out, err = os.Create(names[1]); err != nil {
			return err
		}
		defer func() { out.Close() }()
	}
	info, err := in.Stat()
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	w := bound{in: in, out: out, gcm: gcm, hash: way == sealHashing, open: way == opening || way == openingRandom}
	step := int64(chunkSize)
	if w.open {
		step += tagSize
	}
	chunks := (info.Size() + step - 1) / step
	if way == openingRandom {
		return onAllCores(randomChunks(chunks), w.chunk)
	}
	all := make([]int64, chunks)
	for i := range all {
		all[i] = int64(i)
	}
	return onAllCores(all, w.chunk)
}

// onAllCores calls do for each of the numbers, with a buffer for a chunk.
func onAllCores(numbers []int64, do func(buf []byte, i int64) error) error {
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for worker := range errs {
		wg.Go(func() {
			buf := make([]byte, chunkSize+tagSize)
			for errs[worker] == nil {
				at := next.Add(1) - 1
				if at >= int64(len(numbers)) {
					return
				}
				errs[worker] = do(buf, numbers[at])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// bound is a run of one bound.
type bound struct {
	in, out    *os.File
	gcm        cipher.AEAD
	hash, open bool
}

func (b *bound) chunk(buf []byte, i int64) error {
	var nonce [12]byte
	binary.BigEndian.PutUint32(nonce[7:], uint32(i))
	if b.open {
		n, err := b.in.ReadAt(buf, i*(chunkSize+tagSize))
		if err != nil && err != io.EOF {
			return err
		}
		_, err = b.gcm.Open(buf[:0], nonce[:], buf[:n], nil)
		return err
	}
	n, err := b.in.ReadAt(buf[:chunkSize], i*chunkSize)
	if err != nil && err != io.EOF {
		return err
	}
	sealed := b.gcm.Seal(buf[:0], nonce[:], buf[:n], nil)
	if b.hash {
		sha256.Sum256(sealed)
	}
	if b.out == nil {
		return nil
	}
	_, err = b.out.WriteAt(sealed, i*(chunkSize+tagSize))
	return err
}

const (
	randomReads = 1000
	readSize    = 64 << 10
)

// randomOffsets returns the offsets of reads in a file of n bytes. They are the same every
// time.
func randomOffsets(n int64) []int64 {
	r := rand.New(rand.NewPCG(1, 2))
	offsets := make([]int64, randomReads)
	for i := range offsets {
		offsets[i] = r.Int64N(n - readSize)
	}
	return offsets
}

// randomChunks returns the chunks that these reads need. A read may need two.
func randomChunks(chunks int64) (all []int64) {
	for _, off := range randomOffsets(chunks * chunkSize) {
		first, last := off/chunkSize, (off+readSize-1)/chunkSize
		for i := first; i <= last; i++ {
			all = append(all, i)
		}
	}
	return all
}
