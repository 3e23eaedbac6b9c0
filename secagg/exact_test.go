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

	"github.com/pqenc/pqenc/internal/testkit"
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
// rounded updates, bit by bit, over all whose vectors came in time. The tree compares them. The
// vectors of each pattern are its own.
func TestExact(t *testing.T) {
	patterns := 125
	if testkit.Brief() {
		patterns = 4
	}
	for i, n := range []int{4, 4, 4, 4, 4, 4, 5, 7} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(i), 9))
			dropped := (n - 1) / 3
			tree := newTree(t, n, scenario{dropped: dropped, fine: true, encoding: vector.Encoding{
				Length: 1 + random.Int64N(40), Width: 32 << (i % 2), Clip: 1 + random.Float64(), FractionBits: random.IntN(16), MaxWeight: 1 + random.Uint32N(100)}})
			tree.fresh = true
			for range patterns {
				last := slices.Repeat([]Step{StepReveal}, n)
				for _, i := range random.Perm(n)[:random.IntN(dropped+1)] {
					last[i] = lastSteps[random.IntN(len(lastSteps)-1)]
				}
				tree.run(last).exact(t, last)
			}
		})
	}
}

// exact requires that a round has ended with a sum over all whose vectors came in time.
func (d *outcome) exact(t *testing.T, last []Step) {
	t.Helper()
	if d.sum == nil {
		t.Fatalf("no sum with %v as the last messages: %v", last, d.err)
	}
	for _, a := range d.actors {
		if a.masked != nil {
			a.rounded(t)
		}
		if want := last[a.number] >= StepMasked; d.counted.has(a.number) != want {
			t.Fatalf("client %d, whose last message was %v, counts: %v", a.number, last[a.number], !want)
		}
	}
}

// TestRow runs 200 rounds in a row with the same identities. No mask is used twice, and
// nothing is left of a round.
func TestRow(t *testing.T) {
	rounds := 200
	if testkit.Brief() {
		rounds = 10
	}
	random := rand.New(rand.NewPCG(10, 11))
	used := make(map[[32]byte]int)
	before := runtime.NumGoroutine()
	for round := range rounds {
		s := scenario{dropped: 1, last: slices.Repeat([]Step{StepReveal}, 4), encoding: tiny}
		s.last[random.IntN(4)] = lastSteps[1+random.IntN(len(lastSteps)-1)]
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
