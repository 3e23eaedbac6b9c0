// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pqenc/pqenc/secagg/internal/mask"
)

// NIST SP 800-38A, F.5.5, CTR-AES256.Encrypt: the key, the initial counter block, and the key
// stream, which that document calls output blocks.
const (
	nistKey     = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	nistCounter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
	nistStream  = "0bdf7df1591716335e9a8b15c860c502" +
		"5a6e699d536119065433863c8f657b94" +
		"1bc12c9c01610d5d0d8bd6a3378eca62" +
		"2956e1c8693536b1bee99c73a31576b6"
)

// widths are the widths of words.
var widths = []int{32, 64}

// source returns reproducible random bytes.
func source(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func randomBytes(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

func randomKey(r *rand.ChaCha8) *[mask.KeySize]byte {
	return (*[mask.KeySize]byte)(randomBytes(r, mask.KeySize))
}

// word returns word i of a vector.
func word(vector []byte, i, width int) uint64 {
	if width == 32 {
		return uint64(binary.LittleEndian.Uint32(vector[4*i:]))
	}
	return binary.LittleEndian.Uint64(vector[8*i:])
}

// keyStream returns the first n bytes of the key stream of a key, one counter block after the
// other.
func keyStream(key *[mask.KeySize]byte, n int) (stream []byte) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	var out [aes.BlockSize]byte
	for i := uint64(0); len(stream) < n; i++ {
		counter := binary.BigEndian.AppendUint64(make([]byte, 8), i)
		block.Encrypt(out[:], counter)
		stream = append(stream, out[:]...)
	}
	return stream[:n]
}

// The published key stream starts at a counter that no vector reaches. So this shows that the
// cipher of the standard library, from which the tests take their key streams, is that of
// NIST, and that Apply adds that of offset 0.
func TestPublished(t *testing.T) {
	key, _ := hex.DecodeString(nistKey)
	counter, _ := hex.DecodeString(nistCounter)
	want, _ := hex.DecodeString(nistStream)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	cipher.NewCTR(block, counter).XORKeyStream(got, got)
	if !bytes.Equal(got, want) {
		t.Errorf("key stream %x, not %x", got, want)
	}
}

// Each word is the sum of the words of all masks, wherever a block begins and ends.
func TestApply(t *testing.T) {
	r := source(1)
	rng := rand.New(r)
	for range 300 {
		for _, width := range widths {
			size := width / 8
			total := rng.IntN(40000/size) * size
			plain := randomBytes(r, total)
			var masks []*mask.Mask
			var streams [][]byte
			var signs []bool
			for range rng.IntN(5) {
				key, subtract := randomKey(r), rng.IntN(2) == 1
				masks = append(masks, mask.New(key, subtract))
				streams = append(streams, keyStream(key, total))
				signs = append(signs, subtract)
			}
			got := bytes.Clone(plain)
			for start := 0; start < total; {
				n := min(total-start, aes.BlockSize*(1+rng.IntN(1000)))
				mask.Apply(got[start:start+n], int64(start), width, masks)
				start += n
			}
			for i := range total / size {
				want := word(plain, i, width)
				for j, stream := range streams {
					if signs[j] {
						want -= word(stream, i, width)
					} else {
						want += word(stream, i, width)
					}
				}
				if width == 32 {
					want = uint64(uint32(want))
				}
				if word(got, i, width) != want {
					t.Fatalf("word %d of %d bits is %x, not %x", i, width, word(got, i, width), want)
				}
			}
		}
	}
}

func BenchmarkMask(b *testing.B) {
	const size = 20_000_000
	vector := make([]byte, size)
	for _, width := range widths {
		for _, subtract := range []bool{false, true} {
			b.Run(fmt.Sprintf("width=%d/subtract=%t", width, subtract), func(b *testing.B) {
				masks := []*mask.Mask{mask.New(new([mask.KeySize]byte), subtract)}
				b.SetBytes(size)
				b.ReportAllocs()
				for b.Loop() {
					for start := 0; start < size; start += mask.BlockSize {
						mask.Apply(vector[start:min(start+mask.BlockSize, size)], int64(start), width, masks)
					}
				}
			})
		}
	}
}
