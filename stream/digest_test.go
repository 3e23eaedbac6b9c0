// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/stream"
)

// digest is one call of OnDigest.
type digest struct {
	index  uint32
	sha256 [32]byte
}

// recorder is an OnDigest that records its calls, and fails at one chunk.
type recorder struct {
	mu     sync.Mutex
	got    []digest
	failAt int // -1: never
	err    error
}

func (r *recorder) onDigest(index uint32, d [32]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(index) == r.failAt {
		return r.err
	}
	r.got = append(r.got, digest{index, d})
	return nil
}

func (r *recorder) cipher() *stream.Cipher {
	c := newCipher()
	c.OnDigest = r.onDigest
	return c
}

func digests(chunks [][]byte) (all []digest) {
	for i, c := range chunks {
		all = append(all, digest{uint32(i), sha256.Sum256(c)})
	}
	return all
}

// seal is a way, too: it is given the plaintext and releases the body.
var seal = way{"seal", func(c *stream.Cipher, plain []byte) ([]byte, error) {
	var b bytes.Buffer
	w := c.NewWriter(&b)
	_, err := w.ReadFrom(bytes.NewReader(plain))
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}}

func TestDigests(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize, 20*chunkSize + 100} {
		plain := plaintext(n)
		body := sealBody(plain)
		want := digests(sealChunks(plain, chunkSize))
		for _, way := range append(slices.Clone(ways), seal) {
			r := &recorder{failAt: -1}
			input := body
			if way.name == "seal" {
				input = plain
			}
			if _, err := way.read(r.cipher(), input); err != nil {
				t.Fatalf("%d bytes, %s: %v", n, way.name, err)
			}
			if way.name == "ReadAt" { // the last chunk first, and perhaps twice
				slices.SortFunc(r.got, func(a, b digest) int { return int(a.index) - int(b.index) })
				r.got = slices.Compact(r.got)
			}
			if !slices.Equal(r.got, want) {
				t.Errorf("%d bytes, %s: %d digests, not those of the %d chunks in order", n, way.name, len(r.got), len(want))
			}
		}
	}
}

// TestDigestRefused requires that a refused chunk is not released, for every error.
func TestDigestRefused(t *testing.T) {
	errNo := errors.New("another chunk was signed")
	plain := plaintext(6*chunkSize + 100)
	body := sealBody(plain)
	for _, e := range []struct{ err, want error }{{errNo, errNo}, {io.EOF, io.ErrUnexpectedEOF}} {
		for at := range 7 {
			for _, way := range ways {
				r := &recorder{failAt: at, err: e.err}
				got, err := way.read(r.cipher(), body)
				if err != e.want {
					t.Errorf("%s, chunk %d: %v, want %v", way.name, at, err, e.want)
				}
				want := at * chunkSize
				if way.name == "ReadAt" && at == 6 {
					want = 0 // opened first
				}
				if !bytes.Equal(got, plain[:want]) {
					t.Errorf("%s, chunk %d: %d bytes released", way.name, at, len(got))
				}
			}
			r := &recorder{failAt: at, err: e.err}
			got, err := seal.read(r.cipher(), plain)
			if !errors.Is(err, e.want) || !bytes.Equal(got, body[:at*sealedLen]) {
				t.Errorf("seal, chunk %d: %d bytes released, %v", at, len(got), err)
			}
		}
	}
}

// TestDigestOfDamage requires that OnDigest is called only for authentic chunks.
func TestDigestOfDamage(t *testing.T) {
	plain := plaintext(6*chunkSize + 100)
	body := sealBody(plain)
	body[3*sealedLen] ^= 1
	for _, way := range ways {
		r := &recorder{failAt: -1}
		if _, err := way.read(r.cipher(), body); !errors.Is(err, stream.ErrDamaged) {
			t.Fatal(err)
		}
		for _, d := range r.got {
			if d.index == 3 || d.index > 3 && way.name != "ReadAt" {
				t.Errorf("%s: the digest of chunk %d was reported", way.name, d.index)
			}
		}
	}
}

// TestWithDigests has a reader of the same body with other digests expected, which reads
// nothing before it is asked to, nor takes what the first has opened.
func TestWithDigests(t *testing.T) {
	plain := plaintext(3*chunkSize + 100)
	body := sealBody(plain)
	want := digests(sealChunks(plain, chunkSize))
	src := &watched{ReaderAt: bytes.NewReader(body)}
	first, err := newCipher().NewReaderAt(src, int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(first, 0, first.Size())); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	src.reset(nil, nil)
	other := errors.New("another digest")
	second := first.WithDigests(func(index uint32, d [32]byte) error {
		if index == 2 || d != want[index].sha256 {
			return other
		}
		return nil
	})
	if len(src.reads) > 0 || second.Size() != first.Size() {
		t.Errorf("read at %d, size %d", src.reads, second.Size())
	}
	for i := range int64(4) {
		b := make([]byte, 50)
		_, err := second.ReadAt(b, i*chunkSize)
		if refused := errors.Is(err, other); refused != (i == 2) || !refused && (err != nil || !bytes.Equal(b, plain[i*chunkSize:][:50])) {
			t.Errorf("chunk %d: %v", i, err)
		}
	}
	if len(src.reads) == 0 {
		t.Error("it takes what the first has opened")
	}
	var b bytes.Buffer
	if n, err := second.WriteRange(&b, 0, second.Size()); !errors.Is(err, other) || n != 2*chunkSize {
		t.Errorf("WriteRange: %d bytes, %v", n, err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(first, 0, first.Size())); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the first reader: %d bytes, %v", len(got), err)
	}
}
