// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pqenc/pqenc/secagg/internal/mask"
)

// benchSize is the size of an update.
const benchSize = 20_000_000

// BenchmarkMask is one mask on one core.
func BenchmarkMask(b *testing.B) {
	vector := make([]byte, benchSize)
	for _, width := range widths {
		for _, subtract := range []bool{false, true} {
			b.Run(fmt.Sprintf("width=%d/subtract=%t", width, subtract), func(b *testing.B) {
				masks := []*mask.Mask{mask.New(new([mask.KeySize]byte), subtract)}
				b.SetBytes(benchSize)
				b.ReportAllocs()
				for b.Loop() {
					for start := 0; start < benchSize; start += mask.BlockSize {
						mask.Apply(vector[start:min(start+mask.BlockSize, benchSize)], int64(start), width, masks)
					}
				}
			})
		}
	}
}

// BenchmarkStream is the masks of 62 neighbours, half of them subtracted, on all cores.
func BenchmarkStream(b *testing.B) {
	vector := make([]byte, benchSize)
	masks := make([]*mask.Mask, 62)
	for i := range masks {
		masks[i] = mask.New(&[mask.KeySize]byte{byte(i)}, i%2 == 1)
	}
	for _, width := range widths {
		b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
			b.SetBytes(benchSize)
			b.ReportAllocs()
			read := func(block []byte, offset int64) error { copy(block, vector[offset:]); return nil }
			work := func(block []byte, offset int64) error { mask.Apply(block, offset, width, masks); return nil }
			write := func(block []byte, offset int64) error { copy(vector[offset:], block); return nil }
			for b.Loop() {
				if err := mask.Stream(context.Background(), benchSize, read, work, write); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAdd is the sum of two vectors on one core, in blocks.
func BenchmarkAdd(b *testing.B) {
	dst, src := make([]byte, benchSize), make([]byte, benchSize)
	for _, width := range widths {
		b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
			b.SetBytes(benchSize)
			for b.Loop() {
				mask.Add(dst, src, width)
			}
		})
	}
}
