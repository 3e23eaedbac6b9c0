// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package armor

import (
	"bytes"
	"io"
	"testing"
)

const benchmarkSize = 8 << 20

func BenchmarkWriter(b *testing.B) {
	content := random(benchmarkSize)
	b.SetBytes(benchmarkSize)
	b.ReportAllocs()
	for b.Loop() {
		w := NewWriter(io.Discard)
		w.Write(content)
		w.Close()
	}
}

func BenchmarkReader(b *testing.B) {
	text := encode(b, random(benchmarkSize))
	buf := make([]byte, 64<<10)
	b.SetBytes(benchmarkSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.CopyBuffer(io.Discard, onlyReader{NewReader(bytes.NewReader(text))}, buf); err != nil {
			b.Fatal(err)
		}
	}
}
