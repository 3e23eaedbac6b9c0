// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask_test

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/secagg/internal/mask"
)

// widths are the widths of words.
var widths = []int{32, 64}

// source returns reproducible random numbers.
func source(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func randomBytes(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

func randomKey(r *rand.ChaCha8) *[mask.KeySize]byte {
	return (*[mask.KeySize]byte)(randomBytes(r, mask.KeySize))
}

// words returns the words of a vector.
func words(vector []byte, width int) (all []uint64) {
	for word := range slices.Chunk(vector, width/8) {
		if width == 32 {
			all = append(all, uint64(binary.LittleEndian.Uint32(word)))
		} else {
			all = append(all, binary.LittleEndian.Uint64(word))
		}
	}
	return all
}

// combine returns the words of a plus those of b, or minus them.
func combine(a, b []uint64, width int, subtract bool) []uint64 {
	sum := make([]uint64, len(a))
	for i := range sum {
		sum[i] = a[i] + b[i]
		if subtract {
			sum[i] = a[i] - b[i]
		}
		if width == 32 {
			sum[i] %= 1 << 32
		}
	}
	return sum
}

// keyStream returns n bytes of the key stream of a key from an offset, one counter block after
// the other.
func keyStream(key *[mask.KeySize]byte, offset int64, n int) (stream []byte) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	var out [aes.BlockSize]byte
	for i := uint64(offset / aes.BlockSize); len(stream) < n; i++ {
		block.Encrypt(out[:], binary.BigEndian.AppendUint64(make([]byte, 8), i))
		stream = append(stream, out[:]...)
	}
	return stream[:n]
}

// NIST SP 800-38A, F.5.5, CTR-AES256.Encrypt: what a mask adds to zero is the output blocks
// there.
func TestNIST(t *testing.T) {
	var key [mask.KeySize]byte
	var counter [aes.BlockSize]byte
	hex.Decode(key[:], []byte("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"))
	hex.Decode(counter[:], []byte("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))
	want, _ := hex.DecodeString("0bdf7df1591716335e9a8b15c860c502" + "5a6e699d536119065433863c8f657b94" +
		"1bc12c9c01610d5d0d8bd6a3378eca62" + "2956e1c8693536b1bee99c73a31576b6")
	for _, width := range widths {
		got := make([]byte, len(want))
		mask.ApplyFrom(got, &counter, width, []*mask.Mask{mask.New(&key, false)})
		if !bytes.Equal(got, want) {
			t.Errorf("%d bits: key stream %x, not %x", width, got, want)
		}
	}
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14, whose key is
// zero: the hash key is the counter block 0, the tag of nothing 1, and the ciphertext of zeros 2.
func TestOffset(t *testing.T) {
	for offset, text := range map[int64]string{
		0:  "dc95c078a2408989ad48a21492842087",
		16: "530f8afbc74536b9a963b4f1c4cb738b",
		32: "cea7403d4d606b6e074ec5d3baf39d18",
	} {
		for _, width := range widths {
			got := make([]byte, 16)
			mask.Apply(got, offset, width, []*mask.Mask{mask.New(new([mask.KeySize]byte), false)})
			if hex.EncodeToString(got) != text {
				t.Errorf("offset %d, %d bits: key stream %x, not %s", offset, width, got, text)
			}
		}
	}
}

// Each word is the sum of the words of all masks, wherever the vector is cut into blocks.
func TestApply(t *testing.T) {
	r := source(1)
	rng := rand.New(r)
	for range 200 {
		for _, width := range widths {
			size := rng.IntN(20000) * width / 8
			first := rng.Int64N(1<<40) * aes.BlockSize
			got := randomBytes(r, size)
			want := words(got, width)
			var masks []*mask.Mask
			for range rng.IntN(5) {
				key, subtract := randomKey(r), rng.IntN(2) == 1
				masks = append(masks, mask.New(key, subtract))
				want = combine(want, words(keyStream(key, first, size), width), width, subtract)
			}
			for start := 0; start < size; {
				n := min(size-start, aes.BlockSize*(1+rng.IntN(1000)))
				mask.Apply(got[start:start+n], first+int64(start), width, masks)
				start += n
			}
			if !slices.Equal(words(got, width), want) {
				t.Fatalf("%d words of %d bits from %d: wrong sum of %d masks", size/(width/8), width, first, len(masks))
			}
		}
	}
}

// The masks of the two ends of an edge cancel.
func TestCancel(t *testing.T) {
	r := source(2)
	for _, width := range widths {
		key, vector := randomKey(r), randomBytes(r, 10_000)
		got := bytes.Clone(vector)
		mask.Apply(got, 0, width, []*mask.Mask{mask.New(key, false)})
		if bytes.Equal(got, vector) {
			t.Errorf("%d bits: nothing is added", width)
		}
		mask.Apply(got, 0, width, []*mask.Mask{mask.New(key, true)})
		if !bytes.Equal(got, vector) {
			t.Errorf("%d bits: the masks do not cancel", width)
		}
	}
}

// Nothing carries from one word to the next, and no word is left out, at whatever end.
func TestAdd(t *testing.T) {
	edges := []uint64{0, 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	var a, b []byte
	for _, x := range edges {
		for _, y := range edges {
			a = binary.LittleEndian.AppendUint64(a, x)
			b = binary.LittleEndian.AppendUint64(b, y)
		}
	}
	r := source(3)
	a, b = append(a, randomBytes(r, 10_000)...), append(b, randomBytes(r, 10_000)...)
	for _, width := range widths {
		for start := 0; start <= 80; start += width / 8 {
			for _, end := range []int{start, start + 8, len(a) - start} {
				src, dst := b[start:end], bytes.Clone(a[start:end])
				want := combine(words(dst, width), words(src, width), width, false)
				if mask.Add(dst, src, width); !slices.Equal(words(dst, width), want) {
					t.Errorf("%d bits, bytes %d to %d: wrong sums", width, start, end)
				}
			}
		}
	}
}

// A block that is not one of a vector is an error of the caller.
func TestPanics(t *testing.T) {
	masks := []*mask.Mask{mask.New(new([mask.KeySize]byte), false)}
	for i, call := range []func(){
		func() { mask.Apply(make([]byte, 16), 0, 16, masks) },
		func() { mask.Apply(make([]byte, 18), 0, 32, masks) },
		func() { mask.Apply(make([]byte, 20), 0, 64, masks) },
		func() { mask.Apply(make([]byte, 16), 8, 32, masks) },
		func() { mask.Apply(make([]byte, 16), -16, 32, masks) },
		func() { mask.Add(make([]byte, 16), make([]byte, 8), 32) },
		func() { mask.Add(make([]byte, 12), make([]byte, 12), 64) },
		func() { mask.Stream(t.Context(), -1, nil, nil, nil) },
	} {
		if !panics(call) {
			t.Errorf("call %d does not panic", i)
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}
