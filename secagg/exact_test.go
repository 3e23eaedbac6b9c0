// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

// rounded requires that the vector of a client without its masks is its update, rounded:
// each word less than one unit from the value, and the weight at the end.
func (a *actor) rounded(t testing.TB) {
	t.Helper()
	e := a.terms.Encoding
	words := a.unmasked(true)
	for i := range e.Words() {
		var got int64
		if e.Width == 32 {
			got = int64(int32(binary.LittleEndian.Uint32(words[4*i:])))
		} else {
			got = int64(binary.LittleEndian.Uint64(words[8*i:]))
		}
		want := float64(a.weight)
		if i < e.Length {
			want *= float64(a.values[i]) * math.Exp2(float64(e.FractionBits))
		}
		if off := math.Abs(float64(got) - want); off >= 1 || i == e.Length && off != 0 {
			t.Fatalf("word %d of client %d is %d, want %v, rounded", i, a.number, got, want)
		}
	}
}

// TestExact requires for 1,000 random patterns of drop-outs that the sum is the sum of the
// rounded updates, bit by bit, over all whose vectors came in time. simulate compares them.
func TestExact(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 20
	}
	const parts = 4
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(part), 9))
			for range rounds / parts {
				exactRound(t, random)
			}
		})
	}
}

// exactRound runs a round that survives its drop-outs.
func exactRound(t *testing.T, random *rand.Rand) {
	n := 4 + random.IntN(2)
	if random.IntN(10) == 0 {
		n = 7 // with two drop-outs
	}
	dropped := (n - 1) / 3
	s := scenario{dropped: dropped, last: slices.Repeat([]Step{StepReveal}, n), fine: true, encoding: vector.Encoding{
		Length: 1 + random.Int64N(40), Width: 32 << random.IntN(2), Clip: 1 + random.Float64(), FractionBits: random.IntN(16), MaxWeight: 1 + random.Uint32N(100)}}
	for _, i := range random.Perm(n)[:random.IntN(dropped+1)] {
		s.last[i] = lastSteps[1+random.IntN(len(lastSteps)-1)]
	}
	d := simulate(t, s)
	if d.sum == nil {
		t.Fatalf("no sum with %v as the last messages", s.last)
	}
	for _, a := range d.actors {
		if a.masked != nil {
			a.rounded(t)
		}
		if want := s.last[a.number] >= StepMasked; d.counted.has(a.number) != want {
			t.Fatalf("client %d, whose last message was %v, counts: %v", a.number, s.last[a.number], !want)
		}
	}
}

// TestRow runs 200 rounds in a row with the same identities. No mask is used twice, and
// nothing is left of a round.
func TestRow(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 10
	}
	random := rand.New(rand.NewPCG(10, 11))
	used := make(map[[32]byte]int)
	before := runtime.NumGoroutine()
	for round := range rounds {
		s := scenario{dropped: 1, last: slices.Repeat([]Step{StepReveal}, 5), encoding: tiny}
		s.last[random.IntN(5)] = lastSteps[1+random.IntN(len(lastSteps)-1)]
		d := simulate(t, s)
		if d.sum == nil {
			t.Fatalf("round %d: no sum with %v as the last messages", round, s.last)
		}
		for _, a := range d.actors {
			keys := [][32]byte{selfMaskKey(a.roster.digest, &a.secrets.secrets[selfKind])}
			for j, key := range a.masks {
				if j > a.self {
					keys = append(keys, key)
				}
			}
			for _, key := range keys {
				if earlier, again := used[key]; again {
					t.Fatalf("rounds %d and %d share a mask", earlier, round)
				}
				used[key] = round
			}
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left of %d rounds", after-before, rounds)
	}
}
