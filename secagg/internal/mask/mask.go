// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package mask adds masks to vectors: the key streams of AES-256 in counter mode, taken as
// words modulo 2^32 or 2^64.
//
// A vector is a sequence of little-endian words of 32 or 64 bits. It is processed in blocks
// of [BlockSize] bytes, so that its size does not matter: [Stream] passes the blocks through a
// function on all cores, and [Apply] adds all masks to one block.
//
// The key of a mask must be used for one vector only: two vectors with the same mask reveal
// their difference.
package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// KeySize is the size of a key in bytes.
const KeySize = 32

// piece is how much key stream is made at once: it is added while it is in the L1 cache.
const piece = 4 << 10

// zero is what is encrypted to get a key stream.
var zero [piece]byte

// A Mask is the key stream of a key, to be added or subtracted. It can be used by several
// goroutines at once.
type Mask struct {
	block    cipher.Block
	subtract bool
}

// New returns the mask of a key. The sum of a mask that is added and of the one of the same
// key that is subtracted is zero.
func New(key *[KeySize]byte, subtract bool) *Mask {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("mask: internal error: " + err.Error())
	}
	return &Mask{block, subtract}
}

// Apply adds masks to a block of a vector, or subtracts them. The block has words of width
// bits, and begins at a byte offset of the vector that is a multiple of 16.
//
// The key stream begins with the vector: AES-256-CTR, whose initial counter block is
// offset/16 as a big-endian number of 128 bits.
func Apply(block []byte, offset int64, width int, masks []*Mask) {
	checkWords(block, width)
	if offset < 0 || offset%aes.BlockSize != 0 {
		panic("mask: internal error: offset is not that of a block")
	}
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[8:], uint64(offset/aes.BlockSize))
	apply(block, &iv, width, masks)
}

// apply is Apply for the initial counter block of the first byte.
func apply(block []byte, iv *[aes.BlockSize]byte, width int, masks []*Mask) {
	stream := make([]byte, min(len(block), piece))
	for _, m := range masks {
		ctr := cipher.NewCTR(m.block, iv[:])
		for rest := block; len(rest) > 0; {
			n := min(len(rest), piece)
			ctr.XORKeyStream(stream[:n], zero[:n])
			if m.subtract {
				subtract(rest[:n], stream[:n], width)
			} else {
				add(rest[:n], stream[:n], width)
			}
			rest = rest[n:]
		}
	}
	clear(stream)
}

// Add adds the words of src to those of dst, which has the same length. The words have width
// bits.
func Add(dst, src []byte, width int) {
	checkWords(dst, width)
	if len(src) != len(dst) {
		panic("mask: internal error: blocks of different lengths")
	}
	add(dst, src, width)
}

// checkWords panics if a block is not a sequence of words.
func checkWords(block []byte, width int) {
	if width != 32 && width != 64 {
		panic("mask: internal error: words are of 32 or 64 bits")
	}
	if len(block)%(width/8) != 0 {
		panic("mask: internal error: block ends within a word")
	}
}
