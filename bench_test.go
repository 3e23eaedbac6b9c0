// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/pqenc/pqenc"
)

const benchSize = 256 << 20

func benchEncrypt(b *testing.B, encrypt func(io.Writer) (*pqenc.Writer, error)) {
	contents := make([]byte, benchSize)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		benchWrite(b, io.Discard, contents, encrypt)
	}
}

func benchWrite(b *testing.B, dst io.Writer, contents []byte, encrypt func(io.Writer) (*pqenc.Writer, error)) {
	w, err := encrypt(dst)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.ReadFrom(bytes.NewReader(contents)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func unsignedForBob(dst io.Writer) (*pqenc.Writer, error) { return pqenc.Encrypt(dst, bob.Public()) }

func signedForBob(dst io.Writer) (*pqenc.Writer, error) {
	return pqenc.EncryptSigned(dst, alice, "", bob.Public())
}

// The contents come from memory and are discarded, so that the cost of hashing for the
// signature shows.
func BenchmarkEncrypt(b *testing.B)       { benchEncrypt(b, unsignedForBob) }
func BenchmarkEncryptSigned(b *testing.B) { benchEncrypt(b, signedForBob) }

// benchFile is a signed file in memory.
func benchFile(b *testing.B) []byte {
	var file bytes.Buffer
	file.Grow(benchSize + 1<<20)
	benchWrite(b, &file, make([]byte, benchSize), signedForBob)
	return file.Bytes()
}

// BenchmarkDecryptSigned reads a signed file as a stream.
func BenchmarkDecryptSigned(b *testing.B) {
	file := benchFile(b)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		r := decryptStream(b, bytes.NewReader(file), fromAlice, bob)
		if _, err := r.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	file := benchFile(b)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		if err := openFile(b, file, fromAlice, bob).Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeader encrypts and decrypts files so small that the header is all of the
// work, as the last of so many recipients.
func BenchmarkHeader(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		to := make([]pqenc.Recipient, n)
		for i := range to {
			to[i] = alice.Public()
		}
		to[n-1] = bob.Public()
		encrypt := func(dst io.Writer) (*pqenc.Writer, error) { return pqenc.Encrypt(dst, to...) }
		b.Run(fmt.Sprintf("Encrypt/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				benchWrite(b, io.Discard, []byte("small"), encrypt)
			}
		})
		b.Run(fmt.Sprintf("Decrypt/%d", n), func(b *testing.B) {
			var file bytes.Buffer
			benchWrite(b, &file, []byte("small"), encrypt)
			b.ReportAllocs()
			for b.Loop() {
				r, err := pqenc.Decrypt(bytes.NewReader(file.Bytes()), bob)
				if err == nil {
					_, err = r.WriteTo(io.Discard)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
