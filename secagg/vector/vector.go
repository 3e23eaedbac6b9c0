// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package vector encodes the updates of clients as vectors of whole numbers, which can be
// masked and summed exactly, and decodes the sum.
//
// An update is a sequence of values, float32, and a weight: how much it counts in the mean,
// which usually is the number of examples that it was trained with. A value x of an update of
// weight w becomes the word w·x·2^FractionBits modulo 2^Width, rounded to a whole number. The
// last word of a vector is the weight, so that the sum of vectors has all that
// [Encoding.Mean] needs, and shows no weight of a client.
//
// Values are clipped: one that is further from zero than Clip becomes the float32 next to Clip,
// or Clip itself, with its sign. NaN and infinities are refused.
//
// # Rounding
//
// Rounding is stochastic: a product between two whole numbers becomes one of them, the closer
// the likelier, so that the expected value is the product itself and errors cancel in the sum.
// A word is off by less than 1, with a variance of at most 1/4, and is exact if the product is
// a whole number. In the mean of n updates with the total weight W, a value is off by less than
// n/W units of 2^-FractionBits, and its variance is at most n/(4·W²) units².
//
// The product is computed exactly, and 64 random bits round it. So the expected value is exact
// for values of at least 2^-40 units, and for smaller ones it is off by less than 2^-63.
//
// # Overflow
//
// An encoding is refused by [Encoding.Check] unless the sum of all vectors fits into its words,
// whatever the values and weights. Vectors that a malicious client makes up are not vectors of
// an encoding: [Encoding.Mean] refuses a sum that no updates have, but most wrong vectors are not
// recognizable.
//
// All functions work in constant memory.
package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

const (
	// MaxLength is the largest number of values of an encoding.
	MaxLength = 1 << 40
	// MarshaledSize is the size of an encoding in bytes, as Marshal returns it.
	MarshaledSize = 22
)

var (
	// ErrEncoding is returned for an encoding that is not valid.
	ErrEncoding = errors.New("not a valid encoding")
	// ErrRange is returned for an encoding in whose words the sum of the vectors might not
	// fit, and for a sum that is larger than any sum of vectors.
	ErrRange = errors.New("out of range")
	// ErrWeight is returned for a weight that is larger than the encoding allows, and for a
	// sum with a total weight of zero.
	ErrWeight = errors.New("weight is not allowed")
	// ErrLength is returned for more values, or fewer, than the encoding has.
	ErrLength = errors.New("wrong number of values")
	// ErrNotFinite is returned for a value that is NaN or infinite.
	ErrNotFinite = errors.New("not a finite number")
	// ErrUsed is returned for the second use of an [Update].
	ErrUsed = errors.New("update is already used")
)

// Encoding is how updates become vectors. All clients of a round have the same one.
type Encoding struct {
	// Length is the number of values, 1 to [MaxLength].
	Length int64
	// Width is the number of bits of a word, 32 or 64.
	Width int
	// Clip is the largest distance of a value from zero. It is at least one unit,
	// 2^-FractionBits.
	Clip float64
	// FractionBits is the number of binary digits after the point, from 0 to Width-2.
	FractionBits int
	// MaxWeight is the largest weight of an update, at least 1.
	MaxWeight uint32
}

// Check returns nil if the encoding is valid, and the sum of the vectors of that many clients
// fits: clients · MaxWeight · ⌈Clip · 2^FractionBits⌉ < 2^(Width-1). Its errors wrap
// [ErrEncoding] and [ErrRange].
func (e Encoding) Check(clients int) error {
	switch {
	case e.Width != 32 && e.Width != 64:
		return fmt.Errorf("%w: words of %d bits, not 32 or 64", ErrEncoding, e.Width)
	case e.Length < 1 || e.Length > MaxLength:
		return fmt.Errorf("%w: %d values, not 1 to %d", ErrEncoding, e.Length, int64(MaxLength))
	case e.FractionBits < 0 || e.FractionBits > e.Width-2:
		return fmt.Errorf("%w: %d fraction bits, not 0 to %d", ErrEncoding, e.FractionBits, e.Width-2)
	case !(e.Clip >= math.Ldexp(1, -e.FractionBits)) || math.IsInf(e.Clip, 0):
		return fmt.Errorf("%w: values clipped at %v, not at 2^-%d or more", ErrEncoding, e.Clip, e.FractionBits)
	case e.MaxWeight == 0:
		return fmt.Errorf("%w: no weight is allowed", ErrEncoding)
	case clients < 1:
		return fmt.Errorf("%w: %d clients", ErrEncoding, clients)
	}
	if !e.fits(uint64(clients)) {
		return fmt.Errorf("%w: %d clients of weight %d with values up to %v and %d fraction bits do not fit into words of %d bits",
			ErrRange, clients, e.MaxWeight, e.Clip, e.FractionBits, e.Width)
	}
	return nil
}

// fits reports whether the sum of the vectors of that many clients fits.
func (e Encoding) fits(clients uint64) bool {
	if math.Ldexp(e.Clip, e.FractionBits) >= 1<<63 {
		return false
	}
	over, product := bits.Mul64(e.units(), uint64(e.MaxWeight))
	if over != 0 {
		return false
	}
	over, product = bits.Mul64(product, clients)
	return over == 0 && product>>(e.Width-1) == 0
}

// units returns the largest word of an update of weight 1.
func (e Encoding) units() uint64 {
	return uint64(math.Ceil(math.Ldexp(e.Clip, e.FractionBits)))
}

// Words returns the number of words of a vector: one for each value, and the weight.
func (e Encoding) Words() int64 { return e.Length + 1 }

// Size returns the size of a vector in bytes.
func (e Encoding) Size() int64 { return e.Words() * int64(e.Width/8) }

// Marshal returns the encoding, which must be valid, as [MarshaledSize] bytes: Width and
// FractionBits as 8 bits each, MaxWeight as 32, Length as 64, and Clip as a float64,
// big-endian. An encoding has one such form.
func (e Encoding) Marshal() []byte {
	b := make([]byte, 0, MarshaledSize)
	b = append(b, byte(e.Width), byte(e.FractionBits))
	b = binary.BigEndian.AppendUint32(b, e.MaxWeight)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Length))
	return binary.BigEndian.AppendUint64(b, math.Float64bits(e.Clip))
}

// Unmarshal returns the encoding of which Marshal returned data. The error wraps [ErrEncoding]
// or [ErrRange] unless the encoding is valid and fits for one client.
func Unmarshal(data []byte) (Encoding, error) {
	if len(data) != MarshaledSize {
		return Encoding{}, fmt.Errorf("%w: %d bytes, not %d", ErrEncoding, len(data), MarshaledSize)
	}
	e := Encoding{
		Width:        int(data[0]),
		FractionBits: int(data[1]),
		MaxWeight:    binary.BigEndian.Uint32(data[2:]),
		Length:       int64(binary.BigEndian.Uint64(data[6:])),
		Clip:         math.Float64frombits(binary.BigEndian.Uint64(data[14:])),
	}
	if err := e.Check(1); err != nil {
		return Encoding{}, err
	}
	return e, nil
}
