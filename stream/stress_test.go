// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// liar is a source or a destination with a wrong Concurrency, which fails from the given call
// on.
type liar struct {
	memory
	at    int // calls at once, as it says
	left  atomic.Int64
	short bool // it fails by writing less than it was given, without an error
}

func (l *liar) Concurrency() int { return l.at }

func (l *liar) ReadAt(p []byte, off int64) (int, error) {
	if l.left.Add(-1) < 0 {
		return rand.N(len(p)), errSource
	}
	return bytes.NewReader(l.b).ReadAt(p, off)
}

func (l *liar) WriteAt(p []byte, off int64) (int, error) {
	if l.left.Add(-1) < 0 {
		if n := rand.N(len(p)); l.short {
			return n, nil
		} else {
			return n, errFull
		}
	}
	return l.memory.WriteAt(p, off)
}

// TestFaultsAtOnce has source and destination fail at any moment, with any number of chunks
// in flight. Output without an error is complete, and nothing is read or written afterwards.
func TestFaultsAtOnce(t *testing.T) {
	plain := plaintext(20*chunkSize + 100)
	body := sealBody(plain)
	for _, at := range []int{-1, 0, 1, 3, 16, 1 << 30} {
		for range 300 {
			src, dst := &liar{at: at, memory: memory{b: body}}, &liar{short: rand.N(2) == 0}
			src.left.Store(rand.Int64N(40))
			dst.left.Store(rand.Int64N(40))
			w := io.NewOffsetWriter(io.NewOffsetWriter(dst, 1), 4)
			n, err := newCipher().NewReader(io.NewSectionReader(src, 0, int64(len(body))), 0).WriteTo(w)
			reads, writes := src.left.Load(), dst.left.Load()
			failed := reads < 0 || writes < 0
			switch {
			case failed != (err != nil):
				t.Fatalf("%d reads and %d writes left: %v", reads, writes, err)
			case err == nil && (n != int64(len(plain)) || !bytes.Equal(dst.b[5:], plain)):
				t.Fatal("other bytes")
			case err != nil && !errors.Is(err, errSource) && !errors.Is(err, errFull) && err != io.ErrShortWrite:
				t.Fatal(err)
			case err != nil && !bytes.HasPrefix(plain, dst.b[min(len(dst.b), 5):][:min(int(n), max(len(dst.b)-5, 0))]):
				t.Fatalf("of %d bytes some are others", n)
			}
		}
	}
}

// TestRangesWithinLimits asks for ranges whose end is beyond all numbers.
func TestRangesWithinLimits(t *testing.T) {
	const most = 1<<63 - 1
	body := sealBody(plaintext(2 * chunkSize))
	r, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]int64{{0, most}, {1, most}, {most, 0}, {most, most}, {2 * chunkSize, 1}, {2*chunkSize + 1, 0}, {-1, 0}, {0, -1}, {-1 << 63, -1 << 63}, {most, -1}} {
		if n, err := r.WriteRange(io.Discard, at[0], at[1]); n != 0 || err == nil {
			t.Errorf("%d bytes at %d: %d, %v", at[1], at[0], n, err)
		}
	}
}
