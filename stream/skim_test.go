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

// TestSkim sees the digests that reading sees, and leaves the tail.
func TestSkim(t *testing.T) {
	for _, size := range append([]int{0}, tailSizes...) {
		tail := plaintext(size)
		for _, n := range tailLengths(size) {
			plain := plaintext(n)
			file := append(sealBody(plain), tail...)
			want := digests(sealChunks(plain, chunkSize))
			for _, src := range sources {
				rec := &recorder{failAt: -1}
				r := rec.cipher().NewReader(src.wrap(bytes.NewReader(file)), size)
				for range 2 { // the second time there is nothing left
					if err := r.Skim(); err != nil {
						t.Fatalf("tail %d, %d bytes, %s: %v", size, n, src.name, err)
					}
				}
				if !slices.Equal(rec.got, want) {
					t.Fatalf("tail %d, %d bytes, %s: %d digests, not those of the %d chunks", size, n, src.name, len(rec.got), len(want))
				}
				if !bytes.Equal(r.Tail(), tail) {
					t.Fatalf("tail %d, %d bytes, %s: another tail", size, n, src.name)
				}
				if m, err := r.Read(make([]byte, 1)); m != 0 || err != io.EOF {
					t.Fatalf("tail %d, %d bytes, %s: Read after the end: %d, %v", size, n, src.name, m, err)
				}
			}
		}
	}
}

// TestSkimTheRest begins by reading.
func TestSkimTheRest(t *testing.T) {
	plain := plaintext(6*chunkSize + 100)
	rec := &recorder{failAt: -1}
	r := rec.cipher().NewReader(bytes.NewReader(sealBody(plain)), 0)
	if _, err := io.CopyN(io.Discard, readerOnly{r}, 2*chunkSize+1); err != nil {
		t.Fatal(err)
	}
	if err := r.Skim(); err != nil {
		t.Fatal(err)
	}
	if want := digests(sealChunks(plain, chunkSize)); !slices.Equal(rec.got, want) {
		t.Errorf("%d digests, not those of the %d chunks", len(rec.got), len(want))
	}
}

// TestSkimOpensNothing has damage that only its digest shows.
func TestSkimOpensNothing(t *testing.T) {
	plain := plaintext(2*chunkSize + 100)
	body := sealBody(plain)
	body[sealedLen] ^= 1
	rec := &recorder{failAt: -1}
	if err := rec.cipher().NewReader(bytes.NewReader(body), 0).Skim(); err != nil {
		t.Fatal(err)
	}
	want := digests(sealChunks(plain, chunkSize))
	for i := range want {
		if same := rec.got[i] == want[i]; same != (i != 1) {
			t.Errorf("chunk %d: the same digest: %v", i, same)
		}
	}
}

// TestSkimCut finds what the length shows: too little where a chunk must be.
func TestSkimCut(t *testing.T) {
	for _, tail := range []int{0, 16, 3401} {
		file := append(sealBody(plaintext(2*chunkSize+100)), plaintext(tail)...)
		for n := range len(file) {
			body := n - tail
			var want error
			if body < 0 || body%sealedLen < stream.Overhead {
				want = stream.ErrTruncated
			}
			r := newCipher().NewReader(bytes.NewReader(file[:n]), tail)
			for range 2 {
				if err := r.Skim(); err != want {
					t.Fatalf("tail %d, %d of %d bytes: %v, want %v", tail, n, len(file), err, want)
				}
			}
		}
	}
}

func TestSkimFails(t *testing.T) {
	errNo := errors.New("another chunk was signed")
	body := sealBody(plaintext(6*chunkSize + 100))
	for at := range 7 {
		for _, e := range []struct{ err, want error }{{errNo, errNo}, {io.EOF, io.ErrUnexpectedEOF}} {
			rec := &recorder{failAt: at, err: e.err}
			if err := rec.cipher().NewReader(bytes.NewReader(body), 0).Skim(); err != e.want || len(rec.got) != at {
				t.Errorf("refused chunk %d: %v after %d", at, err, len(rec.got))
			}
		}
		for _, want := range []error{errSource, io.ErrUnexpectedEOF} {
			src := &withError{body[:at*sealedLen+50], want, false}
			if err := newCipher().NewReader(src, 0).Skim(); err != want {
				t.Errorf("source failed in chunk %d: %v, want %v", at, err, want)
			}
		}
	}
}
