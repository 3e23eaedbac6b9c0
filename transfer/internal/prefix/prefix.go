// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package prefix compares the beginnings of two copies of a pqenc file, as both sides
// of a push that is resumed do (PROTOCOL.md, section 5.2).
package prefix

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/pqenc/pqenc/format"
)

// overhead is by how much a chunk grows when it is encrypted, in bytes.
const overhead = 16

// Digest returns the digest of the first length bytes of a pqenc file, which src begins
// with: SHA-256(SHA-256(header) || h0 || h1 || … || SHA-256(remainder)), where hi is the
// SHA-256 of the i-th block of the length of an encrypted chunk after the header. It calls
// read, if that is not nil, from time to time with the number of bytes read so far; an
// error of it ends the work.
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
