// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// batch is how many values are encoded at once.
const batch = 2048

// float32 has a sign, an exponent of 8 bits and a mantissa of 23 bits without its first one.
const (
	mantissaBits = 23
	magnitude    = 1<<31 - 1            // all bits except the sign
	infinity     = 0xff << mantissaBits // and what is above is NaN
	point        = 127 + mantissaBits   // exponent of a float32 whose mantissa is its value
)

// encoder reads values and is the reader of their vector.
type encoder struct {
	Encoding
	values io.Reader
	weight uint32
	noise  cipher.Stream // random bytes for rounding
	clip   uint32        // largest float32 that is at most Clip

	next   int64  // index of the next value
	done   bool   // the weight is in out
	out    []byte // words that are not read yet
	err    error  // after out
	in     [4 * batch]byte
	random [8 * batch]byte
	words  [8 * batch]byte
}

// newNoise returns a stream of random bytes: a key stream of AES, with a key for this purpose.
func newNoise() cipher.Stream {
	var key [32]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("vector: internal error: " + err.Error())
	}
	return cipher.NewCTR(block, make([]byte, aes.BlockSize))
}

func newEncoder(e Encoding, values io.Reader, weight uint32, noise cipher.Stream) *encoder {
	return &encoder{Encoding: e, values: values, weight: weight, noise: noise, clip: floor32(e.Clip)}
}

// floor32 returns the bits of the largest float32 that is at most x, which is positive
// and less than 2^63.
func floor32(x float64) uint32 {
	f := math.Float32bits(float32(x))
	if float64(math.Float32frombits(f)) > x {
		f--
	}
	return f
}

// Read reads bytes of the vector.
func (r *encoder) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.out) == 0 {
			if r.err == nil {
				r.fill()
			}
			if len(r.out) == 0 {
				break
			}
		}
		k := copy(p[n:], r.out)
		r.out = r.out[k:]
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, r.err
	}
	return n, nil
}

// fill encodes the next values, or the weight after all of them.
func (r *encoder) fill() {
	if r.done {
		r.err = io.EOF
		return
	}
	if r.next == r.Length {
		r.end()
		return
	}
	n := int(min(r.Length-r.next, batch))
	in := r.in[:4*n]
	if k, err := io.ReadFull(r.values, in); err == io.EOF || err == io.ErrUnexpectedEOF {
		r.err = fmt.Errorf("%w: the update ends after %d bytes, and %d values have %d", ErrLength, 4*r.next+int64(k), r.Length, 4*r.Length)
		return
	} else if err != nil {
		r.err = err
		return
	}
	random := r.random[:8*n]
	r.noise.XORKeyStream(random, random) // over the last ones, which leaves them as random
	if bad := r.encode(in, random); bad >= 0 {
		r.err = fmt.Errorf("value %d: %w", r.next+int64(bad), ErrNotFinite)
		return
	}
	r.out = r.words[:n*r.Width/8]
	r.next += int64(n)
}

// end puts out the weight, if the values end.
func (r *encoder) end() {
	switch _, err := io.ReadFull(r.values, r.in[:1]); err {
	case io.EOF:
		r.done = true
		binary.LittleEndian.PutUint64(r.words[:], uint64(r.weight))
		r.out = r.words[:r.Width/8]
	case nil:
		r.err = fmt.Errorf("%w: more than %d", ErrLength, r.Length)
	default:
		r.err = err
	}
}

// encode encodes values, with 8 random bytes for each. It returns the index of the first one
// that is not finite, or -1.
//
// A float32 is a mantissa of 24 bits and an exponent. The word is the mantissa times the weight,
// which has less than 56 bits, shifted by what the exponent says.
func (r *encoder) encode(in, random []byte) (bad int) {
	weight, clip, shifts, narrow := uint64(r.weight), r.clip, point-r.FractionBits, r.Width == 32
	out := r.words[:]
	for i := 0; len(in) >= 4 && len(random) >= 8; i++ {
		x, noise := binary.LittleEndian.Uint32(in), binary.LittleEndian.Uint64(random)
		in, random = in[4:], random[8:]
		if x&magnitude >= infinity {
			return i
		}
		m := min(x&magnitude, clip)
		exponent := int(m >> mantissaBits)
		if exponent == 0 {
			exponent = 1 // subnormal
		} else {
			m = m&(1<<mantissaBits-1) | 1<<mantissaBits
		}
		word := shift(uint64(m)*weight, shifts-exponent, noise)
		sign := -uint64(x >> 31)
		word = (word ^ sign) - sign
		if narrow {
			binary.LittleEndian.PutUint32(out, uint32(word))
			out = out[4:]
		} else {
			binary.LittleEndian.PutUint64(out, word)
			out = out[8:]
		}
	}
	return -1
}

// shift shifts x, of less than 56 bits, to the right, or to the left if n is negative. If bits
// are lost, they are the probability that the result is the next larger number: it is if they
// carry when as many random bits are added.
func shift(x uint64, n int, random uint64) uint64 {
	if n <= 0 {
		return x << (uint(-n) & 63)
	}
	if n > 63 {
		x >>= n - 63
		n = 63
	}
	k := uint(n) & 63
	return (x + random&(1<<k-1)) >> k
}
