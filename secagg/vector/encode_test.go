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
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/secagg/vector"
)

// encode returns the vector of an update.
func encode(t *testing.T, e vector.Encoding, values []float32, weight uint32) []byte {
	t.Helper()
	e.Length = int64(len(values))
	r, err := vector.NewUpdate(vector.Floats(values), weight).Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != e.Size() {
		t.Fatalf("%d bytes, not %d", len(data), e.Size())
	}
	return data
}

// words returns the words of a vector as numbers with a sign.
func words(e vector.Encoding, data []byte) (all []int64) {
	for ; len(data) > 0; data = data[e.Width/8:] {
		if e.Width == 32 {
			all = append(all, int64(int32(binary.LittleEndian.Uint32(data))))
		} else {
			all = append(all, int64(binary.LittleEndian.Uint64(data)))
		}
	}
	return all
}

// randomEncoding returns a valid encoding, and a weight for it.
func randomEncoding(rng *rand.Rand) (e vector.Encoding, weight uint32) {
	for {
		e = vector.Encoding{Length: 1, Width: 32 + 32*rng.IntN(2), MaxWeight: rng.Uint32()>>rng.IntN(32) | 1}
		e.FractionBits = rng.IntN(e.Width - 1)
		e.Clip = math.Ldexp(1+rng.Float64(), rng.IntN(e.Width)-e.FractionBits)
		if e.Check(1) == nil {
			return e, uint32(rng.Uint64N(uint64(e.MaxWeight) + 1))
		}
	}
}

// Each word is the exact product, rounded to one of the two whole numbers beside it.
func TestEncode(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{2}))
	exact, clipped := 0, 0
	for range 2000 {
		e, weight := randomEncoding(rng)
		values := make([]float32, 50)
		for i := range values {
			values[i] = float32(math.Ldexp(rng.NormFloat64()*e.Clip, -rng.IntN(2)*rng.IntN(60)))
			if i%10 == 0 {
				values[i] = math.Float32frombits(rng.Uint32() &^ (1 << 30)) // small, some subnormal
			}
		}
		for i, word := range words(e, encode(t, e, values, weight))[:len(values)] {
			x := min(max(float64(values[i]), -e.Clip), e.Clip)
			if math.Abs(float64(values[i])) > e.Clip {
				x = math.Copysign(float64(floor32(e.Clip)), x)
				clipped++
			}
			want := new(big.Float).SetMantExp(big.NewFloat(x), e.FractionBits).SetPrec(200)
			want.Mul(want, new(big.Float).SetUint64(uint64(weight)))
			off, _ := want.Sub(want, new(big.Float).SetInt64(word)).Float64()
			if math.Abs(off) >= 1 {
				t.Fatalf("%+v: value %v of weight %d is %d, off by %v", e, values[i], weight, word, off)
			}
			if off == 0 {
				exact++
			}
		}
	}
	if exact < 1000 || clipped < 1000 {
		t.Errorf("%d exact and %d clipped values: too few for a test", exact, clipped)
	}
}

// floor32 returns the largest float32 that is at most x.
func floor32(x float64) float32 {
	f := float32(x)
	if float64(f) > x {
		f = math.Nextafter32(f, 0)
	}
	return f
}

// For a product of two numbers that differ by a whole one, all random numbers together give the
// exact sum: rounding is unbiased.
func TestShift(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{3}))
	for range 2000 {
		x, n := rng.Uint64()>>8>>rng.IntN(56), rng.IntN(11)
		var sum uint64
		for random := range uint64(1) << n {
			got := vector.Shift(x, n, random|rng.Uint64()<<n) // higher bits do not matter
			if got != x>>n && got != x>>n+1 {
				t.Fatalf("%d >> %d is %d", x, n, got)
			}
			sum += got
		}
		if sum != x {
			t.Errorf("%d >> %d is %d/2^%d on average", x, n, sum, n)
		}
	}
}

// Where all random numbers are too many: the sum carries from a known one on.
func TestShiftCarry(t *testing.T) {
	for _, n := range []int{11, 32, 53, 55, 56, 63} {
		x := uint64(1)<<min(n, 56) - 3
		last := uint64(1)<<n - x - 1 // the last one with which it is not rounded up
		if low, high := vector.Shift(x, n, last), vector.Shift(x, n, last+1); low != 0 || high != 1 {
			t.Errorf("%d >> %d is %d, then %d", x, n, low, high)
		}
	}
	for _, n := range []int{64, 70, 119, 120, 200} { // the same with what is left of x
		x := uint64(1)<<56 - 1
		left := x >> (n - 63)
		want := min(left, 1) // nothing is left in the end
		last := uint64(1)<<63 - 1 - left
		if low, high := vector.Shift(x, n, last), vector.Shift(x, n, last+want); low != 0 || high != want {
			t.Errorf("%d >> %d is %d, then %d", x, n, low, high)
		}
		if got := vector.Shift(x, n, 1<<62-1); n > 64 && got != 0 {
			t.Errorf("%d >> %d is %d with half of the random bits", x, n, got)
		}
	}
	for n := range 8 {
		if got := vector.Shift(5, -n, math.MaxUint64); got != 5<<n {
			t.Errorf("5 << %d is %d", n, got)
		}
	}
}

// The average of many roundings is the value, to within 10 standard deviations. No two updates
// are rounded alike.
func TestUnbiased(t *testing.T) {
	const n = 200_000
	for _, x := range []float32{0.3, -0.3, 0.5, 1e-3, -7.9} {
		values := make([]float32, n)
		for i := range values {
			values[i] = x
		}
		e := vector.Encoding{Length: n, Width: 32, Clip: 8, MaxWeight: 1}
		first := encode(t, e, values, 1)
		var sum int64
		for _, word := range words(e, first)[:n] {
			sum += word
		}
		fraction := math.Abs(float64(x)) - math.Floor(math.Abs(float64(x)))
		deviation := math.Sqrt(fraction * (1 - fraction) / n)
		if off := float64(sum)/n - float64(x); math.Abs(off) > 10*deviation {
			t.Errorf("%v is off by %v, %.1f standard deviations", x, off, off/deviation)
		}
		if bytes.Equal(first, encode(t, e, values, 1)) {
			t.Errorf("%v: two updates have the same rounding", x)
		}
	}
}

// What is further from zero than Clip becomes the float32 next to it.
func TestClip(t *testing.T) {
	const unit = 1 << 30
	for clip, want := range map[float64]float64{0.75: 0.75, 0.1: float64(math.Nextafter32(0.1, 0)), 0.3: float64(math.Nextafter32(0.3, 0))} {
		e := vector.Encoding{Width: 64, Clip: clip, FractionBits: 30, MaxWeight: 1}
		got := words(e, encode(t, e, []float32{1, -1, math.MaxFloat32, -math.MaxFloat32, math.Nextafter32(float32(want), 1)}, 1))
		for i, word := range got[:5] {
			if i == 1 || i == 3 {
				word = -word
			}
			if math.Abs(float64(word)-want*unit) >= 1 {
				t.Errorf("clipped at %v: %d, not %v", clip, word, want*unit)
			}
		}
	}
}

// Zeros of both signs, the smallest value, and a weight of zero.
func TestSmall(t *testing.T) {
	e := vector.Encoding{Width: 32, Clip: 1, FractionBits: 20, MaxWeight: 9}
	for _, word := range words(e, encode(t, e, []float32{0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1p-149}, 9))[:4] {
		if word != 0 { // the smallest values become another number with a probability of 2^-123
			t.Errorf("%d, not 0", word)
		}
	}
	for _, word := range words(e, encode(t, e, []float32{1, -1, 0.3, 0}, 0)) {
		if word != 0 {
			t.Errorf("weight 0: %d, not 0", word)
		}
	}
}

// A subnormal value rounds like any other: 2^-127 of weight 2^31 is 2^-34 units, and so up for
// 2^29 of 2^63 random numbers.
func TestSubnormal(t *testing.T) {
	e := vector.Encoding{Length: 1, Width: 64, Clip: 0x1p-62, FractionBits: 62, MaxWeight: 1 << 31}
	for random, want := range map[uint64]int64{1<<63 - 1<<29 - 1: 0, 1<<63 - 1<<29: 1} {
		r := vector.EncodeWith(e, vector.Floats([]float32{0x1p-127}), 1<<31, constant(random))
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := words(e, data)[0]; got != want {
			t.Errorf("random bits %x: %d, not %d", random, got, want)
		}
	}
}

// constant is a stream of a number.
type constant uint64

func (c constant) XORKeyStream(dst, src []byte) {
	for i := 0; i < len(dst); i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], uint64(c)^binary.LittleEndian.Uint64(src[i:]))
	}
}

// The last word is the weight, for all bits of it.
func TestWeight(t *testing.T) {
	e := vector.Encoding{Width: 64, Clip: 1, MaxWeight: math.MaxUint32}
	if got := words(e, encode(t, e, []float32{1, -1}, math.MaxUint32)); got[0] != math.MaxUint32 || got[1] != -math.MaxUint32 || got[2] != math.MaxUint32 {
		t.Error(got)
	}
}

// NaN and infinities are refused, wherever they are, with their index.
func TestNotFinite(t *testing.T) {
	e := vector.Encoding{Length: 5000, Width: 32, Clip: 1, FractionBits: 10, MaxWeight: 1}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, bad := range []float32{nan, -nan, inf, -inf, math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff)} {
		for index, text := range map[int]string{0: "value 0:", 2047: "value 2047:", 2048: "value 2048:", 4999: "value 4999:"} {
			values := make([]float32, e.Length)
			values[index] = bad
			r, err := vector.NewUpdate(vector.Floats(values), 1).Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if !errors.Is(err, vector.ErrNotFinite) || !strings.HasPrefix(err.Error(), text) {
				t.Errorf("%v at %d: %v", bad, index, err)
			}
			if len(data) > 4*index {
				t.Errorf("%v at %d: %d bytes", bad, index, len(data))
			}
			if n, again := r.Read(make([]byte, 4)); n != 0 || again != err {
				t.Errorf("read again: %d, %v", n, again)
			}
		}
	}
}

// Too few and too many values are refused before the last word.
func TestLength(t *testing.T) {
	for _, length := range []int64{1, 2047, 2048, 2049, 4096} {
		e := vector.Encoding{Length: length, Width: 32, Clip: 1, FractionBits: 10, MaxWeight: 1}
		for _, size := range []int64{0, 4*length - 4, 4*length - 1, 4*length + 1, 4*length + 4, 8*length + 4} {
			r, err := vector.NewUpdate(bytes.NewReader(make([]byte, size)), 1).Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if !errors.Is(err, vector.ErrLength) || int64(len(data)) > 4*length {
				t.Errorf("%d bytes for %d values: %d bytes, %v", size, length, len(data), err)
			}
		}
	}
}

// Errors of the source are returned as they are, after the values before and instead of the end.
func TestSourceError(t *testing.T) {
	broken := errors.New("broken")
	e := vector.Encoding{Length: 3000, Width: 32, Clip: 1, FractionBits: 10, MaxWeight: 1}
	for _, size := range []int{0, 5, 4 * 2048, 4*3000 - 1, 4 * 3000} {
		src := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken))
		r, err := vector.NewUpdate(src, 1).Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(r); err != broken || len(data) > size {
			t.Errorf("%d bytes: %d, %v", size, len(data), err)
		}
	}
}

// The readers keep the rules of io.Reader, however they and the source are read.
func TestReaders(t *testing.T) {
	values := make([]float32, 5000)
	var content []byte
	for i := range values {
		values[i] = float32(i-2500) / 1024
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(values[i]))
	}
	if err := iotest.TestReader(vector.Floats(values), content); err != nil {
		t.Error(err)
	}
	if err := iotest.TestReader(vector.Floats(nil), nil); err != nil {
		t.Error(err)
	}
	e := vector.Encoding{Length: 5000, Width: 32, Clip: 3, FractionBits: 10, MaxWeight: 100}
	want := encode(t, e, values, 100) // without rounding
	for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader, func(r io.Reader) io.Reader { return r }} {
		r, err := vector.NewUpdate(wrap(vector.Floats(values)), 100).Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, want); err != nil {
			t.Error(err)
		}
	}
}

// An update is used once, by one of those who try at the same time. A call that returns another
// error does not use it.
func TestUsed(t *testing.T) {
	e := vector.Encoding{Length: 1, Width: 32, Clip: 1, FractionBits: 10, MaxWeight: 5}
	u := vector.NewUpdate(vector.Floats([]float32{1}), 5)
	if _, err := u.Encode(vector.Encoding{}); !errors.Is(err, vector.ErrEncoding) {
		t.Error(err)
	}
	small := e
	small.MaxWeight = 4
	if _, err := u.Encode(small); !errors.Is(err, vector.ErrWeight) {
		t.Error(err)
	}
	if err := u.Check(e); err != nil {
		t.Error(err)
	}
	var first, used atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			switch _, err := u.Encode(e); err {
			case nil:
				first.Add(1)
			case vector.ErrUsed:
				used.Add(1)
			}
		})
	}
	all.Wait()
	if first.Load() != 1 || used.Load() != 99 {
		t.Errorf("used %d times, refused %d times", first.Load(), used.Load())
	}
	if err := u.Check(e); err != vector.ErrUsed {
		t.Error(err)
	}
}

// Memory does not depend on the number of values.
func TestMemory(t *testing.T) {
	const length = 4_000_000
	e := vector.Encoding{Length: length, Width: 64, Clip: 1, FractionBits: 10, MaxWeight: 5}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := vector.NewUpdate(io.LimitReader(zeros{}, 4*length), 5).Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != e.Size() {
		t.Fatal(n, err)
	}
	weight, err := e.Mean(io.Discard, weighted(e.Size()))
	if err != nil || weight != weightedBy {
		t.Fatal(weight, err)
	}
	runtime.ReadMemStats(&after)
	if total := after.TotalAlloc - before.TotalAlloc; total > 1<<20 {
		t.Errorf("%d bytes allocated for vectors of %d", total, e.Size())
	}
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// weighted is a sum of zeros with words of 64 bits, whose last one is weightedBy.
type weighted int64

const weightedBy = 7

func (w weighted) ReadAt(p []byte, offset int64) (int, error) {
	clear(p)
	if last := int64(w) - 8 - offset; last >= 0 && last < int64(len(p)) {
		p[last] = weightedBy
	}
	return len(p), nil
}
