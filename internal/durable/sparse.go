// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import "bytes"

// holeSize is the size and alignment of the smallest hole: the block of most file systems.
const holeSize = 4096

var zeros [holeSize]byte

// writeSparse writes p at an offset, except its blocks of zeros. Nothing was written there
// before.
func (f *File) writeSparse(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); {
		size, hole := run(p[n:], off+int64(n))
		if !hole {
			if m, err := f.file.WriteAt(p[n:n+size], off+int64(n)); err != nil {
				return n + m, err
			}
		}
		n += size
	}
	for end := off + int64(len(p)); ; {
		old := f.extent.Load()
		if end <= old || f.extent.CompareAndSwap(old, end) {
			return len(p), nil
		}
	}
}

// run returns how many bytes at the start of p, to be written at off, are a hole, or are
// not.
func run(p []byte, off int64) (size int, hole bool) {
	for size < len(p) {
		n := min(holeSize-int((off+int64(size))%holeSize), len(p)-size)
		empty := n == holeSize && bytes.Equal(p[size:size+n], zeros[:])
		if size > 0 && empty != hole {
			break
		}
		size, hole = size+n, empty
	}
	return size, hole
}

// extend makes the file as long as what was written, which may end in a hole.
func (f *File) extend() error {
	info, err := f.file.Stat()
	if err != nil || info.Size() >= f.extent.Load() {
		return err
	}
	return f.file.Truncate(f.extent.Load())
}
