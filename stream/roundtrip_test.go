// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/stream"
)

// writers are the ways to encrypt a plaintext.
var writers = []struct {
	name  string
	write func(w *stream.Writer, plain []byte) error
}{
	{"one Write", func(w *stream.Writer, plain []byte) error { return writeAll(w, plain, len(plain)+1) }},
	{"Write in random parts", func(w *stream.Writer, plain []byte) error {
		rng := rand.New(rand.NewPCG(7, 8))
		for len(plain) > 0 {
			n := min(len(plain), rng.IntN(2*chunkSize))
			if err := writeAll(w, plain[:n], n); err != nil {
				return err
			}
			plain = plain[n:]
		}
		return nil
	}},
	{"Write of whole chunks", func(w *stream.Writer, plain []byte) error { return writeAll(w, plain, chunkSize) }},
	{"Write of bytes", func(w *stream.Writer, plain []byte) error { return writeAll(w, plain, 1) }},
	{"ReadFrom", func(w *stream.Writer, plain []byte) error { return readFrom(w, plain, bytes.NewReader(plain)) }},
	{"ReadFrom, EOF with the data", func(w *stream.Writer, plain []byte) error {
		return readFrom(w, plain, iotest.DataErrReader(bytes.NewReader(plain)))
	}},
	{"ReadFrom bytes", func(w *stream.Writer, plain []byte) error {
		return readFrom(w, plain, iotest.OneByteReader(bytes.NewReader(plain)))
	}},
	{"ReadFrom halves", func(w *stream.Writer, plain []byte) error {
		return readFrom(w, plain, iotest.HalfReader(bytes.NewReader(plain)))
	}},
	{"ReadFrom by offset", func(w *stream.Writer, plain []byte) error { return readFrom(w, plain, section(plain)) }},
	{"Write, ReadFrom by offset twice", func(w *stream.Writer, plain []byte) error {
		q, r := len(plain)/4, section(plain)
		r.Seek(int64(q), io.SeekStart)
		return errors.Join(writeAll(w, plain[:q], q), readFrom(w, plain[q:], r), readFrom(w, nil, r))
	}},
	{"Write, ReadFrom, ReadFrom, Write", func(w *stream.Writer, plain []byte) error {
		q := len(plain) / 4
		return errors.Join(
			writeAll(w, plain[:q], q),
			readFrom(w, plain[q:2*q], bytes.NewReader(plain[q:2*q])),
			readFrom(w, plain[2*q:3*q], bytes.NewReader(plain[2*q:3*q])),
			writeAll(w, plain[3*q:], len(plain)))
	}},
}

func writeAll(w io.Writer, b []byte, part int) error {
	for len(b) > 0 {
		m := min(part, len(b))
		n, err := w.Write(b[:m])
		if err == nil && n != m {
			err = errors.New("Write counts wrongly")
		}
		if err != nil {
			return err
		}
		b = b[m:]
	}
	return nil
}

func readFrom(w *stream.Writer, plain []byte, src io.Reader) error {
	n, err := w.ReadFrom(src)
	if err == nil && n != int64(len(plain)) {
		err = errors.New("ReadFrom counts wrongly")
	}
	return err
}

// TestSeal compares with the second implementation, every way of writing.
func TestSeal(t *testing.T) {
	for _, n := range lengths() {
		plain := plaintext(n)
		want := sealBody(plain)
		for _, way := range writers {
			var got bytes.Buffer
			w := newCipher().NewWriter(writerOnly{&got})
			if err := errors.Join(way.write(w, plain), w.Close()); err != nil {
				t.Fatalf("%d bytes, %s: %v", n, way.name, err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("%d bytes, %s: another body", n, way.name)
			}
			at := new(memory)
			dst := at.writer()
			w = newCipher().NewWriter(dst)
			if err := errors.Join(way.write(w, plain), w.Close()); err != nil {
				t.Fatalf("%d bytes, %s, to an offset: %v", n, way.name, err)
			}
			io.WriteString(dst, "after")
			if !bytes.Equal(at.b, slices.Concat([]byte("begin"), want, []byte("after"))) {
				t.Fatalf("%d bytes, %s: another body at the offset", n, way.name)
			}
		}
	}
}

// TestOpen decrypts what the second implementation sealed, every way of
// reading.
func TestOpen(t *testing.T) {
	for _, n := range lengths() {
		plain := plaintext(n)
		open(t, sealBody(plain), plain)
	}
}

// TestLargeChunks goes both ways with the chunks of real files.
func TestLargeChunks(t *testing.T) {
	for _, n := range []int{0, largeSize - 1, largeSize, 3*largeSize + 1} {
		plain := plaintext(n)
		var body, got bytes.Buffer
		c := stream.New(&key, &prefix, largeLog2)
		w := c.NewWriter(&body)
		if err := errors.Join(writeAll(w, plain, n+1), w.Close()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(body.Bytes(), bytes.Join(sealChunks(plain, largeSize), nil)) {
			t.Fatalf("%d bytes: another body", n)
		}
		if _, err := c.NewReader(&body, 0).WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), plain) {
			t.Fatalf("%d bytes: %d bytes, %v", n, got.Len(), err)
		}
	}
}

// TestKnownBody pins the bytes: those of format version 1 must never change.
func TestKnownBody(t *testing.T) {
	var body bytes.Buffer
	w := newCipher().NewWriter(&body)
	if err := errors.Join(writeAll(w, make([]byte, 10000), 10000), w.Close()); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(body.Bytes())
	if got := hex.EncodeToString(digest[:]); got != knownBody {
		t.Fatal("got", got)
	}
}

// knownBody is the SHA-256 of the body of 10,000 zero bytes, computed outside
// of Go.
const knownBody = "e9efc1a471e4f180ecbd39c02d165222da9c38981a7a01138d2c95224c5836da"

// sources are io.Readers of the same bytes that behave in all the ways that
// are allowed.
var sources = []struct {
	name string
	wrap func(io.Reader) io.Reader
}{
	{"plain", func(r io.Reader) io.Reader { return r }},
	{"EOF with the data", iotest.DataErrReader},
	{"byte by byte", iotest.OneByteReader},
	{"halves", iotest.HalfReader},
	{"halves, EOF with the data", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.HalfReader(r)) }},
	{"now and then nothing", func(r io.Reader) io.Reader { return &hesitant{src: r} }},
}

// hesitant returns 0, nil many times before each read.
type hesitant struct {
	src   io.Reader
	calls int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.calls++; h.calls%90 != 0 {
		return 0, nil
	}
	return h.src.Read(p)
}

// TestSources opens bodies from every kind of source, by bytes, in random
// parts, all at once and mixed.
func TestSources(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, 3*chunkSize + 100} {
		plain := plaintext(n)
		body := sealBody(plain)
		for _, src := range sources {
			for skip := range 3 {
				r := newCipher().NewReader(src.wrap(bytes.NewReader(body)), 0)
				got, err := readMixed(r, skip*n/3)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("%d bytes, %s, %d by Read: %d bytes, %v", n, src.name, skip*n/3, len(got), err)
				}
			}
		}
	}
}

// readMixed reads n bytes in small parts by Read, and the rest by WriteTo.
func readMixed(r *stream.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(iotest.HalfReader(r), b); err != nil {
		return nil, err
	}
	rest := bytes.NewBuffer(b)
	m, err := r.WriteTo(rest)
	if int(m) != rest.Len()-n {
		return nil, errors.New("WriteTo counts wrongly")
	}
	return rest.Bytes(), err
}

// TestReader runs the checks of testing/iotest.
func TestReader(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize, 2*chunkSize + 1} {
		plain := plaintext(n)
		body := sealBody(plain)
		if err := iotest.TestReader(newCipher().NewReader(bytes.NewReader(body), 0), plain); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestReadBytes reads byte by byte, and nothing into nothing.
func TestReadBytes(t *testing.T) {
	plain := plaintext(2*chunkSize + 3)
	r := newCipher().NewReader(bytes.NewReader(sealBody(plain)), 0)
	got, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for range 2 {
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Fatal("Read(nil):", n, err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatal("Read after the end:", n, err)
		}
		if n, err := r.WriteTo(io.Discard); n != 0 || err != nil {
			t.Fatal("WriteTo after the end:", n, err)
		}
	}
}
