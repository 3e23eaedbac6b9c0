// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package stream encrypts and decrypts the body of a pqenc file: chunks under
// AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway and
// Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
// Misuse-Resistance", CRYPTO 2015), with the rule that the last chunk is
// always shorter than a full one and may be empty.
//
// So the length of a body tells which chunk is the last, every plaintext has
// one encoding, and any chunk can be opened by itself. This is SPEC.md,
// section 5.
//
// Chunks are sealed and opened in place, by several goroutines at once, and
// leave in order. Memory does not depend on the length of the body: a few
// chunk buffers, used again and again.
//
// From one file to another there is no need for any order. A source that is an
// [*io.SectionReader] is read by offset, and a destination that is an
// [*io.OffsetWriter] is written by offset: each goroutine then reads its chunk, works on
// it and writes it. Such a destination holds nothing of use after an error. When all is
// well, both are left at the end, as by Read and Write.
package stream

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pqenc/pqenc/internal/aead"
)

// Sizes in bytes, and the bound on a body's length.
const (
	// KeySize is the size of an AES-256 key.
	KeySize = aead.KeySize
	// NoncePrefixSize is the size of the part of the nonce that all chunks of
	// a body share. A chunk index (4 bytes) and a flag for the last chunk
	// (1 byte) complete it.
	NoncePrefixSize = 7
	// Overhead is what a chunk grows by: the GCM tag.
	Overhead = aead.Overhead
	// MaxChunks is the largest number of chunks in a body.
	MaxChunks = 1 << 31
)

var (
	// ErrDamaged says that a chunk does not authenticate: it was changed,
	// moved, or cut short.
	ErrDamaged = errors.New("body is damaged or forged")
	// ErrTruncated says that the body ends where a chunk must still come. It
	// wraps [io.ErrUnexpectedEOF].
	ErrTruncated error = truncated{}
	// ErrTooLong says that a body has, or would have, more than [MaxChunks]
	// chunks. Where one is read it comes together with [ErrDamaged].
	ErrTooLong = errors.New("too long for one file")
	// ErrClosed says that a [Writer] was used after Close.
	ErrClosed = errors.New("already closed")
)

// truncated is the type of ErrTruncated, whose text is for people.
type truncated struct{}

func (truncated) Error() string { return "the file is truncated" }
func (truncated) Unwrap() error { return io.ErrUnexpectedEOF }

// Cipher has the key and the parameters of one body. It may be used by many
// goroutines, but a key must never seal two bodies: call [Cipher.NewWriter]
// once.
type Cipher struct {
	// OnDigest, if set, is given the SHA-256 of each ciphertext chunk, tag
	// included. Whoever has the chunk in hand computes it. Writers and readers
	// call OnDigest in the order of the chunks and before the chunk leaves, except
	// where they write by offset: then it has been written. ReadAt of a [ReaderAt]
	// calls it in any order and concurrently. An error ends the operation, and the
	// chunk is not released.
	OnDigest func(index uint32, digest [sha256.Size]byte) error

	aead      cipher.AEAD
	prefix    [NoncePrefixSize]byte
	chunkSize int
}

// New returns the cipher of a body whose chunks hold 2^chunkLog2 bytes. In
// FIPS 140-only mode it panics: package pqenc looks for that first.
func New(key *[KeySize]byte, prefix *[NoncePrefixSize]byte, chunkLog2 uint8) *Cipher {
	return &Cipher{aead: aead.New(key), prefix: *prefix, chunkSize: 1 << chunkLog2}
}

// sealedSize is the length of a full chunk in the body.
func (c *Cipher) sealedSize() int { return c.chunkSize + Overhead }

// nonce is prefix || index || last. No index occurs twice under a key, so
// neither does a nonce.
func (c *Cipher) nonce(index uint32, last bool) []byte {
	n := make([]byte, 0, aead.NonceSize)
	n = append(n, c.prefix[:]...)
	n = binary.BigEndian.AppendUint32(n, index)
	if last {
		return append(n, 1)
	}
	return append(n, 0)
}

// chunk is one chunk on its way through: sealed or opened in place in buf.
type chunk struct {
	buf    []byte // has room for the tag
	from   int64  // where it is in a source that is read by offset
	to     int64  // where it goes in a destination that is written by offset
	index  uint32
	last   bool
	digest [sha256.Size]byte
}

func (c *Cipher) seal(k *chunk) {
	k.buf = c.aead.Seal(k.buf[:0], c.nonce(k.index, k.last), k.buf, nil)
	c.hash(k)
}

func (c *Cipher) open(k *chunk) error {
	c.hash(k) // now: opening overwrites the ciphertext
	plain, err := c.aead.Open(k.buf[:0], c.nonce(k.index, k.last), k.buf, nil)
	if err != nil {
		return c.damaged(k)
	}
	k.buf = plain
	return nil
}

// skim is open without opening.
func (c *Cipher) skim(k *chunk) error {
	c.hash(k)
	k.buf = k.buf[:0]
	return nil
}

func (c *Cipher) hash(k *chunk) {
	if c.OnDigest != nil {
		k.digest = sha256.Sum256(k.buf)
	}
}

// report passes on the digest of k.
func (c *Cipher) report(k *chunk) error {
	if c.OnDigest == nil {
		return nil
	}
	err := c.OnDigest(k.index, k.digest)
	if err == io.EOF { // of a list of digests, perhaps, but not of the body
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *Cipher) damaged(k *chunk) error {
	what := "was changed"
	if k.last {
		// A file cut inside a chunk ends in a short one, as a whole file does.
		what = "was changed or truncated"
	}
	return fmt.Errorf("%w: chunk %d, at byte %d of the body, %s",
		ErrDamaged, k.index, int64(k.index)*int64(c.sealedSize()), what)
}
