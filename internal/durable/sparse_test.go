// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestWriteAt writes pieces in any order, some of them zeros, from several goroutines.
func TestWriteAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, sparse := range []bool{false, true} {
		for _, size := range []int{0, 1, holeSize, 3*holeSize + 1, 100 * holeSize} {
			want := make([]byte, size)
			for i := 0; i < size; i += 1 + rng.IntN(2*holeSize) {
				for j := i; j < min(size, i+rng.IntN(holeSize)); j++ {
					want[j] = byte(rng.IntN(2))
				}
			}
			name := filepath.Join(t.TempDir(), "f")
			f, err := Create(context.Background(), name, Options{Sparse: sparse})
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for from := 0; from < size; {
				at, to := from, min(size, from+1+rng.IntN(5*holeSize))
				all.Go(func() {
					if n, err := f.WriteAt(want[at:to], int64(at)); n != to-at || err != nil {
						t.Error(n, err)
					}
				})
				from = to
			}
			all.Wait()
			commit(t, f)
			if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("sparse %v, %d bytes: %d other bytes, %v", sparse, size, len(got), err)
			}
		}
	}
}

// TestRun tells holes from content.
func TestRun(t *testing.T) {
	full := bytes.Repeat([]byte{1}, 2*holeSize)
	for _, test := range []struct {
		p    []byte
		off  int64
		size int
		hole bool
	}{
		{full, 0, 2 * holeSize, false},
		{make([]byte, 2*holeSize), 0, 2 * holeSize, true},
		{make([]byte, 2*holeSize), 1, holeSize - 1, false}, // up to the next block
		{make([]byte, holeSize), holeSize, holeSize, true},
		{make([]byte, holeSize-1), 0, holeSize - 1, false},
		{append(make([]byte, holeSize), 1), 0, holeSize, true},
		{append(bytes.Clone(full[:holeSize]), make([]byte, 2*holeSize)...), 0, holeSize, false},
		{append(bytes.Clone(full[:100]), make([]byte, 2*holeSize)...), holeSize - 100, 100, false},
	} {
		if size, hole := run(test.p, test.off); size != test.size || hole != test.hole {
			t.Errorf("%d bytes at %d: %d, %v", len(test.p), test.off, size, hole)
		}
	}
}

// TestBatchSparse makes holes in the outputs of a batch as well.
func TestBatchSparse(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	var b Batch
	f, err := b.Create(name, Options{Sparse: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 3*holeSize), 0); err != nil {
		t.Fatal(err)
	}
	if info, err := f.file.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("zeros were written: %v", err)
	}
	commit(t, f)
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, string(make([]byte, 3*holeSize)))
}
