// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

// benchLength is the number of values of an update of 20 MB.
const benchLength = 5_000_000

func benchEncoding(width int) vector.Encoding {
	return vector.Encoding{Length: benchLength, Width: width, Clip: 8, FractionBits: 16, MaxWeight: 100}
}

func benchValues() []float32 {
	values := make([]float32, benchLength)
	for i := range values {
		values[i] = float32(math.Sin(float64(i)))
	}
	return values
}

// BenchmarkEncode has its values as bytes, as from a file.
func BenchmarkEncode(b *testing.B) {
	values, err := io.ReadAll(vector.Floats(benchValues()))
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 256<<10)
	for _, width := range []int{32, 64} {
		b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
			b.SetBytes(int64(len(values)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := vector.NewUpdate(bytes.NewReader(values), 77).Encode(benchEncoding(width))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(io.Discard, justReader{r}, block); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// justReader hides other methods, so that what is copied passes through a buffer.
type justReader struct{ io.Reader }

func BenchmarkFloats(b *testing.B) {
	values, block := benchValues(), make([]byte, 256<<10)
	b.SetBytes(4 * benchLength)
	for b.Loop() {
		if _, err := io.CopyBuffer(io.Discard, vector.Floats(values), block); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMean(b *testing.B) {
	for _, width := range []int{32, 64} {
		b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
			e := benchEncoding(width)
			r, err := vector.NewUpdate(vector.Floats(benchValues()), 77).Encode(e)
			if err != nil {
				b.Fatal(err)
			}
			sum, err := io.ReadAll(r)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(4 * benchLength)
			for b.Loop() {
				if _, err := e.Mean(io.Discard, bytes.NewReader(sum)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
