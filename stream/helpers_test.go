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
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/stream"
)

// Most tests use the smallest chunks, some the largest: those of real files.
const (
	chunkLog2 = 12
	chunkSize = 1 << chunkLog2
	sealedLen = chunkSize + stream.Overhead

	largeLog2   = 22
	largeSize   = 1 << largeLog2
	largeSealed = largeSize + stream.Overhead
)

var (
	key    = [32]byte{1, 2, 3, 31: 0xff}
	prefix = [7]byte{'p', 'r', 'e', 'f', 'i', 'x', 7}
)

func newCipher() *stream.Cipher { return stream.New(&key, &prefix, chunkLog2) }

// sealChunk is the format's definition of a chunk, written a second time.
func sealChunk(index uint32, last bool, plain []byte) []byte {
	block, _ := aes.NewCipher(key[:])
	gcm, _ := cipher.NewGCM(block)
	nonce := binary.BigEndian.AppendUint32(append([]byte(nil), prefix[:]...), index)
	if last {
		nonce = append(nonce, 1)
	} else {
		nonce = append(nonce, 0)
	}
	return gcm.Seal(nil, nonce, plain, nil)
}

// sealChunks returns the chunks of a body: full ones, and a shorter last one.
func sealChunks(plain []byte, size int) (chunks [][]byte) {
	for i := uint32(0); ; i++ {
		if len(plain) < size {
			return append(chunks, sealChunk(i, true, plain))
		}
		chunks = append(chunks, sealChunk(i, false, plain[:size]))
		plain = plain[size:]
	}
}

func sealBody(plain []byte) []byte { return bytes.Join(sealChunks(plain, chunkSize), nil) }

// plaintext returns n bytes without a pattern.
func plaintext(n int) []byte {
	seed := [32]byte{byte(n), byte(n >> 8)}
	b := make([]byte, n)
	rand.NewChaCha8(seed).Read(b)
	return b
}

// lengths of plaintexts around which chunks begin and end.
func lengths() []int {
	rng := rand.New(rand.NewPCG(5, 6))
	l := []int{0, 1, 2, 15, 16, 17}
	for n := 1; n <= 9; n += 2 {
		l = append(l, n*chunkSize-17, n*chunkSize-16, n*chunkSize-1, n*chunkSize, n*chunkSize+1)
	}
	for range 10 {
		l = append(l, rng.IntN(20*chunkSize))
	}
	return l
}

// writerOnly hides all methods but Write, and readerOnly all but Read.
type (
	writerOnly struct{ io.Writer }
	readerOnly struct{ io.Reader }
)

// a way to decrypt a body.
type way struct {
	name string
	read func(c *stream.Cipher, body []byte) ([]byte, error)
}

// ways are all the ways to decrypt a body to its end. They return what was
// released before an error.
var ways = []way{
	{"Read", func(c *stream.Cipher, body []byte) ([]byte, error) {
		return io.ReadAll(readerOnly{c.NewReader(bytes.NewReader(body), 0)})
	}},
	{"WriteTo", func(c *stream.Cipher, body []byte) ([]byte, error) {
		var b bytes.Buffer
		n, err := c.NewReader(bytes.NewReader(body), 0).WriteTo(&b)
		if n != int64(b.Len()) {
			return nil, errors.New("WriteTo counts wrongly")
		}
		return b.Bytes(), err
	}},
	{"WriteTo, EOF with the data", func(c *stream.Cipher, body []byte) ([]byte, error) {
		var b bytes.Buffer
		_, err := c.NewReader(iotest.DataErrReader(bytes.NewReader(body)), 0).WriteTo(&b)
		return b.Bytes(), err
	}},
	{"WriteTo, read by offset", func(c *stream.Cipher, body []byte) ([]byte, error) {
		var b bytes.Buffer
		_, err := c.NewReader(section(body), 0).WriteTo(&b)
		return b.Bytes(), err
	}},
	{"ReadAt", func(c *stream.Cipher, body []byte) ([]byte, error) {
		r, err := c.NewReaderAt(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return nil, err
		}
		b := make([]byte, r.Size())
		n, err := r.ReadAt(b, 0)
		return b[:n], err
	}},
}

// section returns a source that is read by offset.
func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// open requires that every way decrypts body to plain.
func open(t *testing.T, body, plain []byte) {
	t.Helper()
	for _, way := range ways {
		got, err := way.read(newCipher(), body)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%s: %d bytes, %v; want %d bytes", way.name, len(got), err, len(plain))
		}
	}
}
