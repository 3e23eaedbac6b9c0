// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector

import (
	"crypto/cipher"
	"io"
)

// Shift is how products are rounded.
var Shift = shift

// EncodeWith returns the reader of a vector that is rounded with a stream of random bits.
func EncodeWith(e Encoding, values io.Reader, weight uint32, noise cipher.Stream) io.Reader {
	return newEncoder(e, values, weight, noise)
}
