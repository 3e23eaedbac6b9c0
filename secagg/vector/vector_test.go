// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector_test

import (
	"bytes"
	"io"
	"math"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

func TestExample(t *testing.T) {
	e := vector.Encoding{Length: 5, Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 100}
	in := []float32{1, -2.5, 100, -0.25, 0}
	r, err := vector.NewUpdate(vector.Floats(in), 7).Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || int64(len(got)) != e.Size() {
		t.Fatal(len(got), err)
	}
	var out bytes.Buffer
	w, err := e.Mean(&out, bytes.NewReader(got))
	if err != nil || w != 7 {
		t.Fatal(w, err)
	}
	want, _ := io.ReadAll(vector.Floats([]float32{1, -2.5, 8, -0.25, 0}))
	if !bytes.Equal(want, out.Bytes()) {
		t.Error(out.Bytes())
	}
}

func BenchmarkEncode(b *testing.B) {
	values := make([]float32, 5_000_000)
	for i := range values {
		values[i] = float32(math.Sin(float64(i)))
	}
	e := vector.Encoding{Length: int64(len(values)), Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 100}
	data, _ := io.ReadAll(vector.Floats(values))
	b.SetBytes(4 * e.Length)
	for b.Loop() {
		r, err := vector.NewUpdate(bytes.NewReader(data), 77).Encode(e)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, make([]byte, 1<<18)); err != nil || n != e.Size() {
			b.Fatal(n, err)
		}
	}
}
