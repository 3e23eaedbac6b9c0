// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import "fmt"

// errTooLong is the error for reading a body that is too long.
var errTooLong = fmt.Errorf("%w: %w", ErrDamaged, ErrTooLong)

// BodySize returns the length in bytes of the body for a plaintext of the given length:
// [Overhead] is added for each full chunk and for the last one. It is the inverse of
// [PlaintextSize]. The error is [ErrTooLong], also for negative lengths.
func BodySize(plaintext int64, chunkLog2 uint8) (int64, error) {
	full := plaintext >> chunkLog2
	if plaintext < 0 || full >= MaxChunks {
		return 0, ErrTooLong
	}
	return plaintext + (full+1)*Overhead, nil
}

// PlaintextSize returns the length in bytes of the plaintext in a body of the
// given length. The error is [ErrTruncated] if no body has that length, and wraps
// [ErrDamaged] and [ErrTooLong] if it has too many chunks.
func PlaintextSize(body int64, chunkLog2 uint8) (int64, error) {
	return plaintextSize(body, 1<<chunkLog2)
}

func plaintextSize(body, chunkSize int64) (int64, error) {
	full, rest := body/(chunkSize+Overhead), body%(chunkSize+Overhead)
	if body < 0 || rest < Overhead {
		return 0, ErrTruncated
	}
	if full >= MaxChunks {
		return 0, errTooLong
	}
	return full*chunkSize + rest - Overhead, nil
}
