// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import "sync"

// buffers are the chunk buffers of finished operations, for reuse.
var buffers sync.Pool // of *[]byte

// getBuffer returns an empty buffer with room for size bytes.
func getBuffer(size int) []byte {
	if b, ok := buffers.Get().(*[]byte); ok && cap(*b) >= size {
		return (*b)[:0]
	}
	return make([]byte, 0, size)
}

// putBuffer returns a buffer for reuse.
func putBuffer(b []byte) { buffers.Put(&b) }
