// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/stream"
)

// TestReaderFrom reads bodies from the start of each of their chunks.
func TestReaderFrom(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, 3*chunkSize + 100, 4 * chunkSize} {
		plain, tail := plaintext(n), plaintext(100)
		body := sealBody(plain)
		file := append(slices.Clip(body), tail...)
		for i := 0; i*sealedLen < len(body); i++ {
			for _, reader := range readers {
				c, seen := newCipher(), []uint32(nil)
				c.OnDigest = func(index uint32, _ [sha256.Size]byte) error { seen = append(seen, index); return nil }
				r := c.NewReaderFrom(bytes.NewReader(file[i*sealedLen:]), len(tail), uint32(i))
				got, err := reader.read(r)
				if err != nil || !bytes.Equal(got, plain[i*chunkSize:]) || !bytes.Equal(r.Tail(), tail) {
					t.Fatalf("%d bytes from chunk %d, %s: %d bytes, %v", n, i, reader.name, len(got), err)
				}
				if seen[0] != uint32(i) || len(seen) != n/chunkSize+1-i {
					t.Fatalf("%d bytes from chunk %d, %s: reported %d", n, i, reader.name, seen)
				}
			}
		}
	}
}

// TestReaderFromElsewhere reads a body with the index of another chunk.
func TestReaderFromElsewhere(t *testing.T) {
	body := sealBody(plaintext(3*chunkSize + 100))
	for at := range 4 {
		for _, index := range []uint32{0, 1, 2, 3, 4, stream.MaxChunks - 1, stream.MaxChunks} {
			if int(index) == at {
				continue
			}
			for _, reader := range readers {
				r := newCipher().NewReaderFrom(bytes.NewReader(body[at*sealedLen:]), 0, index)
				got, err := reader.read(r)
				if len(got) > 0 || !errors.Is(err, stream.ErrDamaged) {
					t.Errorf("chunk %d as %d, %s: %d bytes, %v", at, index, reader.name, len(got), err)
				}
				if errors.Is(err, stream.ErrTooLong) != (index == stream.MaxChunks) {
					t.Errorf("chunk %d as %d, %s: %v", at, index, reader.name, err)
				}
			}
		}
	}
}
