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

	"github.com/pqenc/pqenc/stream"
)

// refused requires that every way fails with want, and that what was released
// before are exactly the first whole chunks. Random access may release less:
// it looks at the last chunk first.
func refused(t *testing.T, body, plain []byte, whole int, want error) {
	t.Helper()
	for _, way := range ways {
		got, err := way.read(newCipher(), body)
		if !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", way.name, err, want)
		}
		if errors.Is(err, stream.ErrDamaged) && errors.Is(err, stream.ErrTruncated) {
			t.Fatalf("%s: %v is two things", way.name, err)
		}
		if way.name == "ReadAt" && len(got) == 0 {
			continue
		}
		if len(got) != whole*chunkSize || !bytes.HasPrefix(plain, got) {
			t.Fatalf("%s: %d bytes released, want %d chunks", way.name, len(got), whole)
		}
	}
}

// TestByteFlips changes every byte of a body.
func TestByteFlips(t *testing.T) {
	plain := plaintext(chunkSize + 100)
	body := sealBody(plain)
	for i := range body {
		body[i] ^= 1 << (i % 8)
		refused(t, body, plain, i/sealedLen, stream.ErrDamaged)
		body[i] ^= 1 << (i % 8)
	}
	open(t, body, plain)
}

// TestCut cuts bodies everywhere. If less than a tag is left of a chunk, the body is
// truncated; otherwise it looks like a damaged last chunk.
func TestCut(t *testing.T) {
	for _, n := range []int{chunkSize - 1, 2 * chunkSize} {
		plain := plaintext(n)
		body := sealBody(plain)
		for cut := range body {
			want := stream.ErrDamaged
			if cut%sealedLen < stream.Overhead {
				want = stream.ErrTruncated
			}
			refused(t, body[:cut], plain, cut/sealedLen, want)
			if want == stream.ErrTruncated && !errors.Is(want, io.ErrUnexpectedEOF) {
				t.Fatal("ErrTruncated is no io.ErrUnexpectedEOF")
			}
		}
	}
}

// TestChunksMoved makes the changes to a body that need no key.
func TestChunksMoved(t *testing.T) {
	plain := plaintext(4*chunkSize + 100)
	body := func(order ...int) (b []byte) {
		chunks := sealChunks(plain, chunkSize)
		for _, i := range order {
			b = append(b, chunks[i]...)
		}
		return b
	}
	whole := body(0, 1, 2, 3, 4)
	open(t, whole, plain)
	for _, test := range []struct {
		name  string
		body  []byte
		whole int
		want  error
	}{
		{"nothing", nil, 0, stream.ErrTruncated},
		{"first two swapped", body(1, 0, 2, 3, 4), 0, stream.ErrDamaged},
		{"middle two swapped", body(0, 2, 1, 3, 4), 1, stream.ErrDamaged},
		{"first repeated", body(0, 0, 1, 2, 3, 4), 1, stream.ErrDamaged},
		{"middle repeated", body(0, 1, 2, 2, 3, 4), 3, stream.ErrDamaged},
		{"last repeated", body(0, 1, 2, 3, 4, 4), 4, stream.ErrDamaged},
		{"first dropped", body(1, 2, 3, 4), 0, stream.ErrDamaged},
		{"middle dropped", body(0, 1, 3, 4), 2, stream.ErrDamaged},
		{"last full one dropped", body(0, 1, 2, 4), 3, stream.ErrDamaged},
		{"last dropped", body(0, 1, 2, 3), 4, stream.ErrTruncated},
		{"last two dropped", body(0, 1, 2), 3, stream.ErrTruncated},
		{"last alone", body(4), 0, stream.ErrDamaged},
		{"last first", body(4, 0, 1, 2, 3), 0, stream.ErrDamaged},
		{"one byte after", append(slices.Clip(whole), 0), 4, stream.ErrDamaged},
		{"as many bytes as a tag after", append(slices.Clip(whole), make([]byte, 16)...), 4, stream.ErrDamaged},
		{"a body after", append(slices.Clip(whole), whole...), 4, stream.ErrDamaged},
		{"a chunk in the middle cut", append(body(0, 1)[:2*sealedLen-1], body(2, 3, 4)...), 1, stream.ErrDamaged},
		{"a byte more in the middle", append(append(body(0, 1), 0), body(2, 3, 4)...), 2, stream.ErrDamaged},
	} {
		t.Run(test.name, func(t *testing.T) { refused(t, test.body, plain, test.whole, test.want) })
	}
}

// TestOtherEncodings has bodies by somebody who knows the key: there is one
// encoding of a plaintext, and no other opens.
func TestOtherEncodings(t *testing.T) {
	full, short := plaintext(chunkSize), plaintext(100)
	for _, test := range []struct {
		name   string
		chunks [][]byte
		whole  int
		want   error
	}{
		{"a full last chunk, and an empty one", [][]byte{sealChunk(0, true, full), sealChunk(1, true, nil)}, 0, stream.ErrDamaged},
		{"no last chunk", [][]byte{sealChunk(0, false, full)}, 1, stream.ErrTruncated},
		{"a short chunk that is not the last", [][]byte{sealChunk(0, false, short)}, 0, stream.ErrDamaged},
		{"an empty chunk that is not the last", [][]byte{sealChunk(0, false, nil)}, 0, stream.ErrDamaged},
		{"two last chunks", [][]byte{sealChunk(0, true, short), sealChunk(1, true, short)}, 0, stream.ErrDamaged},
		{"counted from one", [][]byte{sealChunk(1, false, full), sealChunk(2, true, nil)}, 0, stream.ErrDamaged},
		{"counted twice", [][]byte{sealChunk(0, false, full), sealChunk(0, true, nil)}, 1, stream.ErrDamaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused(t, bytes.Join(test.chunks, nil), full, test.whole, test.want)
		})
	}
}

// TestTwoFaults has bodies whose length and whose first chunk are wrong. In
// order, the chunk comes first; random access looks at the length first.
func TestTwoFaults(t *testing.T) {
	for _, body := range [][]byte{
		sealChunk(0, true, plaintext(chunkSize)),
		sealChunk(0, true, plaintext(chunkSize+1)),
		sealChunk(0, false, plaintext(chunkSize+1)),
	} {
		for _, way := range ways {
			want := stream.ErrDamaged
			if way.name == "ReadAt" {
				want = stream.ErrTruncated
			}
			if got, err := way.read(newCipher(), body); len(got) > 0 || !errors.Is(err, want) {
				t.Errorf("%s, %d bytes: %d bytes released, %v", way.name, len(body), len(got), err)
			}
		}
	}
}

func TestOtherKey(t *testing.T) {
	plain := plaintext(chunkSize + 100)
	body := sealBody(plain)
	otherKey, otherPrefix := key, prefix
	otherKey[31] ^= 1
	otherPrefix[6] ^= 1
	for _, c := range []*stream.Cipher{
		stream.New(&otherKey, &prefix, chunkLog2),
		stream.New(&key, &otherPrefix, chunkLog2),
		stream.New(&key, &prefix, chunkLog2+1),
	} {
		for _, way := range ways {
			if got, err := way.read(c, body); len(got) > 0 || !errors.Is(err, stream.ErrDamaged) {
				t.Errorf("%s: %d bytes, %v", way.name, len(got), err)
			}
		}
	}
}

// TestReaderSticks returns the same error again: neither data after the damage, nor the
// result of a source that recovers.
func TestReaderSticks(t *testing.T) {
	plain := plaintext(5*chunkSize + 100)
	body := sealBody(plain)
	body[2*sealedLen] ^= 1
	for _, first := range []int{0, 10, chunkSize, 2*chunkSize - 1, 2 * chunkSize} {
		src := bytes.NewReader(body)
		r := newCipher().NewReader(src, 0)
		if _, err := io.ReadFull(r, make([]byte, first)); err != nil {
			t.Fatal(err)
		}
		n, want := r.WriteTo(io.Discard)
		if !errors.Is(want, stream.ErrDamaged) || int(n) != 2*chunkSize-first {
			t.Fatalf("%d bytes before: %d, %v", first, n, want)
		}
		src.Reset(sealBody(plain))
		for range 2 {
			if n, err := r.Read(make([]byte, 10)); n != 0 || err != want {
				t.Fatalf("Read: %d, %v", n, err)
			}
			if n, err := r.WriteTo(io.Discard); n != 0 || err != want {
				t.Fatalf("WriteTo: %d, %v", n, err)
			}
		}
	}
}

// TestDamageMessage checks that the error has the chunk that is damaged, and its offset.
func TestDamageMessage(t *testing.T) {
	body := sealBody(plaintext(2*chunkSize + 100))
	body[sealedLen+5] ^= 1
	_, err := newCipher().NewReader(bytes.NewReader(body), 0).WriteTo(io.Discard)
	if want := "body is damaged or forged: chunk 1, at byte 4112 of the body, was changed"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	_, err = newCipher().NewReader(bytes.NewReader(sealBody(plaintext(100))[:50]), 0).WriteTo(io.Discard)
	if want := "body is damaged or forged: chunk 0, at byte 0 of the body, was changed or truncated"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
