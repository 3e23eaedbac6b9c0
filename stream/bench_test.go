// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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

// BenchmarkReaderAtOnce reads all in one call.
func BenchmarkReaderAtOnce(b *testing.B) {
	body := benchBody(b)
	p := make([]byte, benchSize)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		r, err := benchCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.ReadAt(p, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReaderAtRandom reads 64 KiB anywhere, so that nearly every read has
// to open a chunk, and beside it opens the same chunks and nothing else.
// Throughput counts the chunks.
func BenchmarkReaderAtRandom(b *testing.B) {
	body := benchBody(b)
	const length, chunks = 64 << 10, benchSize / largeSize
	open := func(b *testing.B, goroutines int, read func(rng *rand.Rand, buf []byte) error) {
		var next atomic.Int64
		var all sync.WaitGroup
		b.SetBytes(largeSize)
		b.ReportAllocs()
		b.ResetTimer()
		for seed := range goroutines {
			all.Go(func() {
				rng, buf := rand.New(rand.NewPCG(uint64(seed), 0)), make([]byte, largeSealed)
				for next.Add(1) <= int64(b.N) {
					if err := read(rng, buf); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	src := bytes.NewReader(body)
	for _, n := range []int{1, 2, 8} {
		b.Run(fmt.Sprint("goroutines=", n), func(b *testing.B) {
			r, err := benchCipher().NewReaderAt(src, int64(len(body)))
			if err != nil {
				b.Fatal(err)
			}
			open(b, n, func(rng *rand.Rand, buf []byte) error {
				off := rng.Int64N(chunks)*largeSize + rng.Int64N(largeSize-length)
				_, err := r.ReadAt(buf[:length], off)
				return err
			})
		})
	}
	for _, n := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
		b.Run(fmt.Sprint("directly=", n), func(b *testing.B) {
			block, _ := aes.NewCipher(key[:])
			gcm, _ := cipher.NewGCM(block)
			open(b, n, func(rng *rand.Rand, buf []byte) error {
				i := rng.Int64N(chunks)
				if _, err := src.ReadAt(buf, i*largeSealed); err != nil {
					return err
				}
				nonce := binary.BigEndian.AppendUint32(append([]byte(nil), prefix[:]...), uint32(i))
				_, err := gcm.Open(buf[:0], append(nonce, 0), buf, nil)
				return err
			})
		})
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
