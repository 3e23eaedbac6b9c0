// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/stream"
)

// tailSizes are: a byte, a tag, what a signed file has, and more than a chunk.
var tailSizes = []int{1, 16, 3401, chunkSize + 1000}

// readers read a body with a tail, either way.
var readers = []struct {
	name string
	read func(r *stream.Reader) ([]byte, error)
}{
	{"Read", func(r *stream.Reader) ([]byte, error) { return io.ReadAll(readerOnly{r}) }},
	{"WriteTo", func(r *stream.Reader) ([]byte, error) {
		var b bytes.Buffer
		_, err := r.WriteTo(&b)
		return b.Bytes(), err
	}},
	{"Read and WriteTo", func(r *stream.Reader) ([]byte, error) {
		var b bytes.Buffer
		if _, err := io.CopyN(&b, r, 1); err != nil && err != io.EOF {
			return b.Bytes(), err
		}
		_, err := r.WriteTo(&b)
		return b.Bytes(), err
	}},
}

// tailLengths are the lengths of plaintexts where the last chunk and the tail
// meet the size of a chunk.
func tailLengths(tail int) (l []int) {
	for _, whole := range []int{0, 1, 2} {
		for _, n := range []int{
			0, 1, 15, 16, 17, 100,
			chunkSize - tail - 17, chunkSize - tail - 16, chunkSize - tail - 15,
			chunkSize - tail - 1, chunkSize - tail, chunkSize - tail + 1,
			2*chunkSize - tail, chunkSize - 17, chunkSize - 16, chunkSize - 1,
		} {
			if n >= 0 && n < chunkSize {
				l = append(l, whole*chunkSize+n)
			}
		}
	}
	return l
}

func TestTail(t *testing.T) {
	for _, size := range tailSizes {
		tail := plaintext(size)
		for _, n := range tailLengths(size) {
			plain := plaintext(n)
			file := append(sealBody(plain), tail...)
			for _, src := range sources {
				for _, reader := range readers {
					r := newCipher().NewReader(src.wrap(bytes.NewReader(file)), size)
					got, err := reader.read(r)
					if err != nil || !bytes.Equal(got, plain) {
						t.Fatalf("tail %d, %d bytes, %s, %s: %d bytes, %v", size, n, src.name, reader.name, len(got), err)
					}
					if !bytes.Equal(r.Tail(), tail) {
						t.Fatalf("tail %d, %d bytes, %s, %s: another tail", size, n, src.name, reader.name)
					}
				}
			}
		}
	}
}

// TestNoTail has none after a body without one.
func TestNoTail(t *testing.T) {
	r := newCipher().NewReader(bytes.NewReader(sealBody(plaintext(100))), 0)
	if _, err := r.WriteTo(io.Discard); err != nil || len(r.Tail()) != 0 {
		t.Fatal(len(r.Tail()), err)
	}
}

// TestTailCut takes bytes from the end of file. What is missing from the tail
// is taken from the body, so the rule of TestCut holds, counted from there.
func TestTailCut(t *testing.T) {
	for _, size := range tailSizes {
		for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 100} {
			plain := plaintext(n)
			body := sealBody(plain)
			file := append(slices.Clip(body), plaintext(size)...)
			for _, cut := range []int{1, 2, 15, 16, 17, 100, size - 1, size, size + 1, size + 17, len(file)} {
				if cut < 1 || cut > len(file) {
					continue
				}
				left := len(file) - cut - size // of the body
				want, whole := stream.ErrDamaged, max(left, 0)/sealedLen
				if left < 0 || left%sealedLen < stream.Overhead {
					want = stream.ErrTruncated
				}
				for _, reader := range readers {
					r := newCipher().NewReader(iotest.HalfReader(bytes.NewReader(file[:len(file)-cut])), size)
					got, err := reader.read(r)
					if !errors.Is(err, want) || !bytes.Equal(got, plain[:whole*chunkSize]) {
						t.Fatalf("tail %d, %d bytes, %s, cut by %d: %d bytes, %v, want %v", size, n, reader.name, cut, len(got), err, want)
					}
				}
			}
		}
	}
}

// TestTailSourceFails ends after the body, inside the tail: that is not the
// end.
func TestTailSourceFails(t *testing.T) {
	plain := plaintext(chunkSize + 100)
	file := append(sealBody(plain), plaintext(3401)...)
	for _, n := range []int{len(file) - 3401, len(file) - 1, len(file)} {
		for _, want := range []error{errSource, io.ErrUnexpectedEOF} {
			for _, reader := range readers {
				r := newCipher().NewReader(&withError{file[:n], want, false}, 3401)
				if got, err := reader.read(r); err != want || len(got) > chunkSize {
					t.Errorf("%s, failed after %d of %d bytes: %d bytes, %v", reader.name, n, len(file), len(got), err)
				}
			}
		}
	}
}
