// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/pqenc/pqenc/stream"
)

const benchSize = 256 << 20

func benchCipher() *stream.Cipher { return stream.New(&key, &prefix, largeLog2) }

func benchBody(b *testing.B) []byte {
	b.Helper()
	var body bytes.Buffer
	body.Grow(benchSize + 1<<20)
	w := benchCipher().NewWriter(&body)
	_, err := w.ReadFrom(io.LimitReader(zeros{}, benchSize))
	if err := errors.Join(err, w.Close()); err != nil {
		b.Fatal(err)
	}
	return body.Bytes()
}

func BenchmarkWriter(b *testing.B) {
	plain := make([]byte, benchSize)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		w := benchCipher().NewWriter(io.Discard)
		_, err := w.ReadFrom(bytes.NewReader(plain))
		if err := errors.Join(err, w.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	body := benchBody(b)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := benchCipher().NewReader(bytes.NewReader(body), 0).WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReaderAt reads 1 MiB at a time: each chunk is opened once and used
// several times.
func BenchmarkReaderAt(b *testing.B) {
	body := benchBody(b)
	p := make([]byte, 1<<20)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		r, err := benchCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			b.Fatal(err)
		}
		for off := int64(0); off < r.Size(); off += int64(len(p)) {
			if _, err := r.ReadAt(p, off); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSkim hashes and does not open.
func BenchmarkSkim(b *testing.B) {
	body := benchBody(b)
	c := benchCipher()
	c.OnDigest = func(uint32, [32]byte) error { return nil }
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.NewReader(bytes.NewReader(body), 0).Skim(); err != nil {
			b.Fatal(err)
		}
	}
}
