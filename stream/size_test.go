// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pqenc/pqenc/stream"
)

// TestSizesOfBodies compares with real ones.
func TestSizesOfBodies(t *testing.T) {
	for _, n := range lengths() {
		body := int64(len(sealBody(plaintext(n))))
		if got, err := stream.BodySize(int64(n), chunkLog2); err != nil || got != body {
			t.Errorf("BodySize(%d): %d, %v; want %d", n, got, err, body)
		}
		if got, err := stream.PlaintextSize(body, chunkLog2); err != nil || got != int64(n) {
			t.Errorf("PlaintextSize(%d): %d, %v; want %d", body, got, err, n)
		}
	}
}

// TestSizes has worked examples and the extremes, with chunks of 4 MiB.
func TestSizes(t *testing.T) {
	const most = int64(stream.MaxChunks)<<largeLog2 - 1
	for _, test := range []struct {
		plain, body int64
	}{
		{0, 16},
		{1, 17},
		{1<<20 - 1, 1<<20 + 15},
		{4<<20 - 1, 4<<20 + 15},
		{4 << 20, 4<<20 + 32},
		{20 << 30, 20<<30 + 5121*16},
		{most - 1, most - 1 + stream.MaxChunks*16},
		{most, most + stream.MaxChunks*16},
	} {
		if got, err := stream.BodySize(test.plain, largeLog2); err != nil || got != test.body {
			t.Errorf("BodySize(%d): %d, %v; want %d", test.plain, got, err, test.body)
		}
		if got, err := stream.PlaintextSize(test.body, largeLog2); err != nil || got != test.plain {
			t.Errorf("PlaintextSize(%d): %d, %v; want %d", test.body, got, err, test.plain)
		}
	}
	for _, n := range []int64{math.MinInt64, -1, most + 1, math.MaxInt64} {
		if got, err := stream.BodySize(n, largeLog2); err != stream.ErrTooLong {
			t.Errorf("BodySize(%d): %d, %v", n, got, err)
		}
	}
	const mostBody = most + stream.MaxChunks*16
	for _, test := range []struct {
		body int64
		want error
	}{
		{math.MinInt64, stream.ErrTruncated},
		{-4<<20 - 16, stream.ErrTruncated},
		{-1, stream.ErrTruncated},
		{0, stream.ErrTruncated},
		{15, stream.ErrTruncated},
		{4<<20 + 16, stream.ErrTruncated},
		{4<<20 + 31, stream.ErrTruncated},
		{mostBody + 1, stream.ErrTruncated}, // 2^31 full chunks, and none after them
		{mostBody + 1 + 16, stream.ErrTooLong},
		{math.MaxInt64, stream.ErrTooLong},
	} {
		if got, err := stream.PlaintextSize(test.body, largeLog2); !errors.Is(err, test.want) {
			t.Errorf("PlaintextSize(%d): %d, %v; want %v", test.body, got, err, test.want)
		}
	}
}

// TestSizesAreInverse tries lengths of all magnitudes, with all chunk sizes.
func TestSizesAreInverse(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 11))
	for range 100_000 {
		log2 := uint8(12 + rng.IntN(11))
		n := rng.Int64() >> rng.IntN(63)
		if rng.IntN(2) == 0 { // close to a multiple
			n = n>>log2<<log2 + rng.Int64N(64) - 32
		}
		if body, err := stream.BodySize(n, log2); err == nil {
			if back, err := stream.PlaintextSize(body, log2); err != nil || back != n {
				t.Fatalf("2^%d: a plaintext of %d bytes, a body of %d, a plaintext of %d, %v", log2, n, body, back, err)
			}
		}
		if plain, err := stream.PlaintextSize(n, log2); err == nil {
			if back, err := stream.BodySize(plain, log2); err != nil || back != n {
				t.Fatalf("2^%d: a body of %d bytes, a plaintext of %d, a body of %d, %v", log2, n, plain, back, err)
			}
		}
	}
}
