// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package prefix

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/internal/testkit"
)

// TestDigest computes the digest in another way, for lengths around those of the header
// and of blocks.
func TestDigest(t *testing.T) {
	const header, block = 4096, 4<<20 + 16
	file := testkit.Sealed(9 << 20)
	for _, n := range []int{header, header + 1, header + block - 1, header + block, header + block + 1, header + 2*block, len(file)} {
		sum := sha256.Sum256(file[:header])
		all := bytes.Clone(sum[:])
		rest := file[header:n]
		for ; len(rest) >= block; rest = rest[block:] {
			sum := sha256.Sum256(rest[:block])
			all = append(all, sum[:]...)
		}
		sum = sha256.Sum256(rest)
		want := sha256.Sum256(append(all, sum[:]...))
		blocks := 0
		got, err := Digest(iotest.HalfReader(bytes.NewReader(file)), int64(n), func(read int64) error {
			if blocks++; read != int64(header+blocks*block) {
				t.Errorf("%d bytes read after %d blocks", read, blocks)
			}
			return nil
		})
		if err != nil || got != want || blocks != (n-header)/block {
			t.Errorf("%d bytes: %x, %d blocks, %v", n, got, blocks, err)
		}
	}
}

// TestDigestFails has less than is asked for, a reader that fails, and somebody who does not
// want to wait.
func TestDigestFails(t *testing.T) {
	file := testkit.Sealed(9 << 20)
	size := int64(len(file))
	if _, err := Digest(bytes.NewReader(file), size+1, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := Digest(io.MultiReader(bytes.NewReader(file[:5<<20]), iotest.ErrReader(broken)), size, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := Digest(bytes.NewReader(file), size, func(int64) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := Digest(bytes.NewReader(file), 100, nil); err == nil {
		t.Error("a part of a header has a digest")
	}
}
