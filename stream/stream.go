// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package stream encrypts and decrypts the body of a pqenc file: chunks under
// AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway and
// Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
// Misuse-Resistance", CRYPTO 2015), with the rule that the last chunk is
// always shorter than a full one and may be empty.
//
// So the length of a body shows which chunk is the last, every plaintext has one
// encoding, and each chunk can be opened alone. It implements SPEC.md, section 5.
//
// Several goroutines seal or open chunks in place. The chunks are released in order.
// Memory does not depend on the length of the body: a few chunk buffers are reused.
//
// Files need no order. A source that is an [*io.SectionReader] is read by offset, and a
// destination that is an [*io.OffsetWriter] is written by offset: each goroutine then
// reads, processes and writes its chunks. After an error the contents of such a
// destination are undefined. After success, the position of both is at the end, as after
// Read and Write.
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

// Sizes in bytes, and the largest number of chunks.
const (
	// KeySize is the size of an AES-256 key.
	KeySize = aead.KeySize
	// NoncePrefixSize is the size of the part of the nonce that is the same for
	// all chunks of a body. The index of the chunk (4 bytes) and a flag for the
	// last chunk (1 byte) follow it.
	NoncePrefixSize = 7
	// Overhead is the size of the GCM tag of each chunk.
	Overhead = aead.Overhead
	// MaxChunks is the largest number of chunks in a body.
	MaxChunks = 1 << 31
)

var (
	// ErrDamaged is returned for a chunk that does not authenticate: it was
	// changed, moved or truncated.
	ErrDamaged = errors.New("body is damaged or forged")
	// ErrTruncated is returned for a body that ends before its last chunk. It
	// wraps [io.ErrUnexpectedEOF].
	ErrTruncated error = truncated{}
	// ErrTooLong is returned for a body of more than [MaxChunks] chunks. When
	// reading, the error wraps [ErrDamaged] too.
	ErrTooLong = errors.New("too long for one file")
	// ErrClosed is returned for the use of a [Writer] after Close.
	ErrClosed = errors.New("already closed")
)

// truncated is the type of ErrTruncated, with a text that is not that of io.ErrUnexpectedEOF.
type truncated struct{}

func (truncated) Error() string { return "the file is truncated" }
func (truncated) Unwrap() error { return io.ErrUnexpectedEOF }

// Cipher holds the key and the parameters of one body. It is safe for concurrent
// use, but a key must not seal two bodies: call [Cipher.NewWriter] only once.
type Cipher struct {
	// OnDigest, if not nil, is called with the SHA-256 of each sealed chunk, tag
	// included. Writers and readers call it in the order of the chunks, before the
	// chunk is released; if they write by offset, the chunk is written already. ReadAt
	// of a [ReaderAt] calls it in any order and concurrently. An error ends the
	// operation, and the chunk is not released.
	OnDigest func(index uint32, digest [sha256.Size]byte) error

	aead      cipher.AEAD
	prefix    [NoncePrefixSize]byte
	chunkSize int
}

// New returns the cipher of a body whose chunks hold 2^chunkLog2 bytes. It panics in
// FIPS 140-only mode, which package pqenc checks before.
func New(key *[KeySize]byte, prefix *[NoncePrefixSize]byte, chunkLog2 uint8) *Cipher {
	return &Cipher{aead: aead.New(key), prefix: *prefix, chunkSize: 1 << chunkLog2}
}

// sealedSize returns the length of a full sealed chunk.
func (c *Cipher) sealedSize() int { return c.chunkSize + Overhead }

// nonce returns prefix || index || last. An index occurs only once under a key, and so
// does a nonce.
func (c *Cipher) nonce(index uint32, last bool) []byte {
	n := make([]byte, 0, aead.NonceSize)
	n = append(n, c.prefix[:]...)
	n = binary.BigEndian.AppendUint32(n, index)
	if last {
		return append(n, 1)
	}
	return append(n, 0)
}

// chunk is a chunk that is sealed or opened in place in buf.
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

// skim hashes k and discards it.
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

// report calls OnDigest for k.
func (c *Cipher) report(k *chunk) error {
	if c.OnDigest == nil {
		return nil
	}
	err := c.OnDigest(k.index, k.digest)
	if err == io.EOF { // perhaps of a list of digests: not the end of the body
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *Cipher) damaged(k *chunk) error {
	what := "was changed"
	if k.last {
		// A file that is cut inside a chunk ends in a short one, as a complete file does.
		what = "was changed or truncated"
	}
	return fmt.Errorf("%w: chunk %d, at byte %d of the body, %s",
		ErrDamaged, k.index, int64(k.index)*int64(c.sealedSize()), what)
}
