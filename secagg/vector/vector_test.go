// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

// plain is an encoding that is valid.
var plain = vector.Encoding{Length: 10, Width: 32, Clip: 4, FractionBits: 16, MaxWeight: 100}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(e *vector.Encoding)
		clients int
		want    error
	}{
		{"as it is", func(e *vector.Encoding) {}, 10, nil},
		{"width 0", func(e *vector.Encoding) { e.Width = 0 }, 1, vector.ErrEncoding},
		{"width 16", func(e *vector.Encoding) { e.Width = 16 }, 1, vector.ErrEncoding},
		{"width -32", func(e *vector.Encoding) { e.Width = -32 }, 1, vector.ErrEncoding},
		{"width 64", func(e *vector.Encoding) { e.Width = 64 }, 1 << 20, nil},
		{"no values", func(e *vector.Encoding) { e.Length = 0 }, 1, vector.ErrEncoding},
		{"negative length", func(e *vector.Encoding) { e.Length = -1 }, 1, vector.ErrEncoding},
		{"largest length", func(e *vector.Encoding) { e.Length = vector.MaxLength }, 1, nil},
		{"larger length", func(e *vector.Encoding) { e.Length = vector.MaxLength + 1 }, 1, vector.ErrEncoding},
		{"negative fraction", func(e *vector.Encoding) { e.FractionBits = -1 }, 1, vector.ErrEncoding},
		{"no fraction", func(e *vector.Encoding) { e.FractionBits = 0 }, 1, nil},
		{"longest fraction", func(e *vector.Encoding) { e.FractionBits, e.Clip, e.MaxWeight = 30, 1, 1 }, 1, nil},
		{"longer fraction", func(e *vector.Encoding) { e.FractionBits, e.Clip, e.MaxWeight = 31, 0.25, 1 }, 1, vector.ErrEncoding},
		{"long fraction for 64 bits", func(e *vector.Encoding) { e.FractionBits, e.Clip, e.Width = 62, 0x1p-60, 64 }, 1, nil},
		{"longer fraction for 64 bits", func(e *vector.Encoding) { e.FractionBits, e.Clip, e.Width = 63, 0x1p-60, 64 }, 1, vector.ErrEncoding},
		{"clip 0", func(e *vector.Encoding) { e.Clip = 0 }, 1, vector.ErrEncoding},
		{"negative clip", func(e *vector.Encoding) { e.Clip = -4 }, 1, vector.ErrEncoding},
		{"NaN as clip", func(e *vector.Encoding) { e.Clip = math.NaN() }, 1, vector.ErrEncoding},
		{"infinite clip", func(e *vector.Encoding) { e.Clip = math.Inf(1) }, 1, vector.ErrEncoding},
		{"one unit as clip", func(e *vector.Encoding) { e.Clip = 0x1p-16 }, 1, nil},
		{"less than one unit as clip", func(e *vector.Encoding) { e.Clip = 0x0.ffffp-16 }, 1, vector.ErrEncoding},
		{"largest clip", func(e *vector.Encoding) { e.Clip = math.MaxFloat64 }, 1, vector.ErrRange},
		{"weight 0", func(e *vector.Encoding) { e.MaxWeight = 0 }, 1, vector.ErrEncoding},
		{"largest weight", func(e *vector.Encoding) { e.MaxWeight = math.MaxUint32 }, 1, vector.ErrRange},
		{"largest weight for 64 bits", func(e *vector.Encoding) { e.MaxWeight, e.Width = math.MaxUint32, 64 }, 1 << 12, nil},
		{"no clients", func(e *vector.Encoding) {}, 0, vector.ErrEncoding},
		{"negative clients", func(e *vector.Encoding) {}, -1, vector.ErrEncoding},
		{"most clients", func(e *vector.Encoding) { e.Width = 64 }, math.MaxInt32, nil},
		{"just fits", func(e *vector.Encoding) { e.Clip, e.FractionBits, e.MaxWeight = 1<<15-1, 0, 1<<15 }, 2, nil},
		{"just does not fit", func(e *vector.Encoding) { e.Clip, e.FractionBits, e.MaxWeight = 1<<15, 0, 1<<15 }, 2, vector.ErrRange},
		{"does not fit because of a fraction of a unit", func(e *vector.Encoding) { e.Clip, e.FractionBits, e.MaxWeight = 1<<15-0.5, 0, 1<<15 }, 2, vector.ErrRange},
	} {
		e := plain
		test.change(&e)
		if err := e.Check(test.clients); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, not %v", test.name, err, test.want)
		}
	}
}

// An encoding fits if the largest sum does, computed with numbers of any size.
func TestCheckFits(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{1}))
	fit := 0
	for range 100_000 {
		e := vector.Encoding{Length: 1, Width: 32 + 32*rng.IntN(2), MaxWeight: rng.Uint32()>>rng.IntN(32) | 1}
		e.FractionBits = rng.IntN(e.Width - 1)
		e.Clip = math.Ldexp(1+rng.Float64(), rng.IntN(e.Width)-e.FractionBits)
		clients := 1 + int(rng.Uint32()>>1>>rng.IntN(31))
		units, _ := new(big.Float).SetMantExp(big.NewFloat(e.Clip), e.FractionBits).Int(nil)
		if math.Ldexp(e.Clip, e.FractionBits) != math.Floor(math.Ldexp(e.Clip, e.FractionBits)) {
			units.Add(units, big.NewInt(1))
		}
		largest := units.Mul(units, big.NewInt(int64(e.MaxWeight)))
		largest.Mul(largest, big.NewInt(int64(clients)))
		want := largest.BitLen() < e.Width
		if err := e.Check(clients); (err == nil) != want {
			t.Fatalf("%+v for %d clients: %v, and the largest sum is %d", e, clients, err, largest)
		}
		if want {
			fit++
		}
	}
	if fit < 10_000 || fit > 90_000 {
		t.Errorf("%d encodings fit, too few or too many for a test", fit)
	}
}

func TestSize(t *testing.T) {
	if w, s := plain.Words(), plain.Size(); w != 11 || s != 44 {
		t.Errorf("%d words, %d bytes", w, s)
	}
	large := vector.Encoding{Length: vector.MaxLength, Width: 64}
	if w, s := large.Words(), large.Size(); w != 1<<40+1 || s != 1<<43+8 {
		t.Errorf("%d words, %d bytes", w, s)
	}
}

// The bytes of an encoding, field by field, and back.
func TestMarshal(t *testing.T) {
	e := vector.Encoding{Length: 5_000_000, Width: 64, Clip: 2.5, FractionBits: 24, MaxWeight: 60_000}
	const want = "40" + "18" + "0000ea60" + "00000000004c4b40" + "4004000000000000"
	data := e.Marshal()
	if hex.EncodeToString(data) != want {
		t.Errorf("%x, not %s", data, want)
	}
	if got, err := vector.Unmarshal(data); err != nil || got != e {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range len(data) + 2 {
		if n == len(data) {
			continue
		}
		if _, err := vector.Unmarshal(append(data, 0)[:n]); !errors.Is(err, vector.ErrEncoding) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	e.Width = 32
	if _, err := vector.Unmarshal(e.Marshal()); !errors.Is(err, vector.ErrRange) {
		t.Error(err)
	}
}

// An encoding that is accepted is valid, and has one form.
func FuzzUnmarshal(f *testing.F) {
	f.Add(plain.Marshal())
	f.Add(vector.Encoding{Length: vector.MaxLength, Width: 64, Clip: 1e9, FractionBits: 20, MaxWeight: 1}.Marshal())
	f.Add(make([]byte, vector.MarshaledSize))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := vector.Unmarshal(data)
		if err != nil {
			if !errors.Is(err, vector.ErrEncoding) && !errors.Is(err, vector.ErrRange) || e != (vector.Encoding{}) {
				t.Errorf("%+v, %v", e, err)
			}
			return
		}
		if err := e.Check(1); err != nil || !bytes.Equal(e.Marshal(), data) {
			t.Errorf("%+v: %v, and marshaled again: %x", e, err, e.Marshal())
		}
	})
}
