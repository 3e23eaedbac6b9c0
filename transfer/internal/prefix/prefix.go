// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package prefix computes the digest of the first part of a pqenc file, which both sides
// compare before a push is resumed (PROTOCOL.md, section 5.2).
package prefix

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/pqenc/pqenc/format"
)

// overhead is how many bytes encryption adds to a chunk.
const overhead = 16

// Digest returns the digest of the first length bytes of the pqenc file src:
// SHA-256(SHA-256(header) || h0 || h1 || … || SHA-256(remainder)), where hi is the SHA-256
// of the i-th block after the header, and a block is as long as an encrypted chunk. Digest
// calls read from time to time, unless it is nil, with the number of bytes read so far. An
// error of read ends Digest.
func Digest(src io.Reader, length int64, read func(n int64) error) (digest [sha256.Size]byte, err error) {
	src = &io.LimitedReader{R: src, N: length}
	inner, outer := sha256.New(), sha256.New()
	h, err := format.Parse(io.TeeReader(src, inner))
	if err != nil {
		return digest, err
	}
	outer.Write(inner.Sum(nil))
	block := int64(1)<<h.ChunkLog2 + overhead
	for n := int64(h.Size); ; {
		inner.Reset()
		k, err := io.CopyN(inner, src, block)
		n += k
		outer.Write(inner.Sum(nil))
		switch {
		case err != nil && err != io.EOF:
			return digest, err
		case k < block && n < length:
			return digest, fmt.Errorf("the file has %d bytes, not %d: %w", n, length, io.ErrUnexpectedEOF)
		case k < block: // the remainder, which may be empty
			outer.Sum(digest[:0])
			return digest, nil
		}
		if read != nil {
			if err := read(n); err != nil {
				return digest, err
			}
		}
	}
}
