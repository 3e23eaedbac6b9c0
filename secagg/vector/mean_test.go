// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

// vectorOf returns words as a vector.
func vectorOf(e vector.Encoding, words []int64) (data []byte) {
	for _, word := range words {
		if e.Width == 32 {
			data = binary.LittleEndian.AppendUint32(data, uint32(word))
		} else {
			data = binary.LittleEndian.AppendUint64(data, uint64(word))
		}
	}
	return data
}

// mean returns the values of the mean.
func mean(e vector.Encoding, sum []byte) (values []float32, weight uint64, err error) {
	var out bytes.Buffer
	weight, err = e.Mean(&out, bytes.NewReader(sum))
	for data := out.Bytes(); len(data) > 0; data = data[4:] {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return values, weight, err
}

// The mean of random updates is their exact mean, off by less than a unit for each client
// divided by the total weight, beside the precision of float32.
func TestMean(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{4}))
	for range 300 {
		e, _ := randomEncoding(rng)
		clients := 1
		for clients < 20 && e.Check(clients+1) == nil {
			clients++
		}
		e.Length = 1 + rng.Int64N(5000)
		sum, exact := make([]int64, e.Words()), make([]float64, e.Length)
		var total uint64
		for range clients {
			weight := uint32(1 + rng.Uint64N(uint64(e.MaxWeight)))
			values := make([]float32, e.Length)
			for i := range values {
				values[i] = floor32(rng.Float64()*e.Clip) * float32(1-2*rng.IntN(2))
				exact[i] += float64(weight) * float64(values[i])
			}
			for i, word := range words(e, encode(t, e, values, weight)) {
				sum[i] += word
			}
			total += uint64(weight)
		}
		got, weight, err := mean(e, vectorOf(e, sum))
		if err != nil || weight != total || int64(len(got)) != e.Length {
			t.Fatalf("%+v: %d values, weight %d, not %d: %v", e, len(got), weight, total, err)
		}
		for i, value := range got {
			want := exact[i] / float64(total)
			bound := float64(clients)/float64(total)*math.Ldexp(1, -e.FractionBits) + math.Abs(want)*0x1p-23 + e.Clip*0x1p-45
			if math.Abs(float64(value)-want) > bound {
				t.Fatalf("%+v: value %d is %v, not %v", e, i, value, want)
			}
		}
	}
}

// A value of the mean is the quotient, to the precision of float32.
func TestMeanQuotient(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{5}))
	for range 1000 {
		e, _ := randomEncoding(rng)
		units := int64(math.Ceil(math.Ldexp(e.Clip, e.FractionBits)))
		weight := 1 + rng.Int64N((1<<(e.Width-1)-1)/units)
		word := rng.Int64N(weight*units) - rng.Int64N(weight*units)
		got, _, err := mean(e, vectorOf(e, []int64{word, weight}))
		if err != nil {
			t.Fatal(err)
		}
		want := new(big.Rat).SetFrac(big.NewInt(word), new(big.Int).Lsh(big.NewInt(weight), uint(e.FractionBits)))
		off := new(big.Rat).Sub(new(big.Rat).SetFloat64(float64(got[0])), want)
		if bound := want.Mul(want, big.NewRat(1, 1<<24-1<<4)); off.Abs(off).Cmp(bound.Abs(bound)) > 0 {
			f, _ := off.Float64()
			t.Fatalf("%+v: %d for a weight of %d is %v, off by %v", e, word, weight, got[0], f)
		}
	}
}

// At the limit of an encoding, the largest values of all clients are still summed.
func TestMeanLimit(t *testing.T) {
	for _, e := range []vector.Encoding{
		{Length: 2, Width: 32, Clip: 1<<15 - 1, FractionBits: 0, MaxWeight: 1 << 15},
		{Length: 2, Width: 32, Clip: 0x1.fffcp0, FractionBits: 14, MaxWeight: 1 << 15},
		{Length: 2, Width: 64, Clip: 1<<24 - 1, FractionBits: 6, MaxWeight: math.MaxUint32},
	} {
		const clients = 2
		if err := e.Check(clients); err != nil {
			t.Fatal(err)
		}
		sum := make([]int64, e.Words())
		for range clients {
			for i, word := range words(e, encode(t, e, []float32{math.MaxFloat32, -math.MaxFloat32}, e.MaxWeight)) {
				sum[i] += word
			}
		}
		got, weight, err := mean(e, vectorOf(e, sum))
		if err != nil || weight != clients*uint64(e.MaxWeight) || float64(got[0]) != e.Clip || float64(got[1]) != -e.Clip {
			t.Errorf("%+v: %v, %d, %v", e, got, weight, err)
		}
	}
}

// A sum that no updates have is refused: by its weight, by a word, by its length.
func TestMeanBad(t *testing.T) {
	for _, width := range []int{32, 64} {
		e := vector.Encoding{Length: 3, Width: width, Clip: 2, FractionBits: 4, MaxWeight: 10}
		for _, test := range []struct {
			words []int64
			want  error
			text  string
		}{
			{[]int64{320, -320, 0, 10}, nil, ""},
			{[]int64{0, 0, 0, 0}, vector.ErrWeight, "weight"},
			{[]int64{0, 0, 0, -1}, vector.ErrRange, "weight"},
			{[]int64{0, 0, 0, 1 << (width - 1)}, vector.ErrRange, "weight"},
			{[]int64{0, 0, 0, 1 << (width - 6)}, vector.ErrRange, "weight"},
			{[]int64{0, 0, 0, 1<<(width-6) - 1}, nil, ""},
			{[]int64{321, 0, 0, 10}, vector.ErrRange, "value 0 "},
			{[]int64{0, 0, -321, 10}, vector.ErrRange, "value 2 "},
			{[]int64{0, -1 << (width - 1), 0, 10}, vector.ErrRange, "value 1 "},
			{[]int64{0, 0, 10}, vector.ErrLength, "12"},
			{nil, vector.ErrLength, "0"},
		} {
			_, _, err := mean(e, vectorOf(e, test.words))
			if !errors.Is(err, test.want) || err != nil && test.want != vector.ErrLength && !strings.Contains(err.Error(), test.text) {
				t.Errorf("%d bits, %d: %v", width, test.words, err)
			}
		}
	}
}

// A mask that is left in a sum is noticed: random words are no sum.
func TestMeanMasked(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{6})
	for _, width := range []int{32, 64} {
		e := vector.Encoding{Length: 1000, Width: width, Clip: 2, FractionBits: 4, MaxWeight: 10}
		sum := make([]byte, e.Size())
		rng.Read(sum)
		if _, _, err := mean(e, sum); !errors.Is(err, vector.ErrRange) {
			t.Error(err)
		}
	}
}

// Errors of the sum and of the destination are returned as they are.
func TestMeanErrors(t *testing.T) {
	e := vector.Encoding{Length: 3, Width: 32, Clip: 2, FractionBits: 4, MaxWeight: 10}
	broken := errors.New("broken")
	if _, err := e.Mean(io.Discard, brokenAt{broken}); err != broken {
		t.Error(err)
	}
	sum := vectorOf(e, []int64{1, 2, 3, 10})
	if _, err := e.Mean(brokenWriter{broken}, bytes.NewReader(sum)); err != broken {
		t.Error(err)
	}
	if _, err := (vector.Encoding{}).Mean(io.Discard, bytes.NewReader(sum)); !errors.Is(err, vector.ErrEncoding) {
		t.Error(err)
	}
	if weight, err := e.Total(bytes.NewReader(sum)); err != nil || weight != 10 {
		t.Error(weight, err)
	}
}

type brokenAt struct{ err error }

func (b brokenAt) ReadAt([]byte, int64) (int, error) { return 0, b.err }

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }
