// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pqenc/pqenc/secagg/vector"
)

// Two clients, one of which has three times as many examples. Their vectors are added word by
// word, which is what secure aggregation does under masks.
func Example() {
	e := vector.Encoding{Length: 2, Width: 32, Clip: 10, FractionBits: 16, MaxWeight: 1000}
	if err := e.Check(2); err != nil {
		panic(err)
	}
	sum := make([]byte, e.Size())
	for _, u := range []*vector.Update{
		vector.NewUpdate(vector.Floats([]float32{1, -2}), 100),
		vector.NewUpdate(vector.Floats([]float32{2, 4}), 300),
	} {
		r, err := u.Encode(e)
		if err != nil {
			panic(err)
		}
		words, err := io.ReadAll(r)
		if err != nil {
			panic(err)
		}
		for i := 0; i < len(words); i += 4 {
			word := binary.LittleEndian.Uint32(sum[i:]) + binary.LittleEndian.Uint32(words[i:])
			binary.LittleEndian.PutUint32(sum[i:], word)
		}
	}

	var mean bytes.Buffer
	weight, err := e.Mean(&mean, bytes.NewReader(sum))
	if err != nil {
		panic(err)
	}
	values := make([]float32, e.Length)
	binary.Read(&mean, binary.LittleEndian, values)
	fmt.Println(values, "of total weight", weight)
	// Output: [1.75 2.5] of total weight 400
}
