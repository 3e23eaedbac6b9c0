// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// seeded returns a reader of the same random bytes each time.
func seeded(b byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{b}) }

func TestDrawIsDistinct(t *testing.T) {
	for _, g := range []Graph{{3, 2, 3}, {50, 49, 34}, {100, 30, 21}, {1000, 1, 2}, {1000, 126, 85}, {MaxClients, 500, 300}} {
		for _, self := range []int{0, 1, g.Clients / 2, g.Clients - 1} {
			drawn := g.Draw(self)
			if len(drawn) != g.Neighbours || slices.Contains(drawn, self) || drawn[0] < 0 || drawn[len(drawn)-1] >= g.Clients {
				t.Errorf("%v: %d drew %v", g, self, drawn)
			}
			for i := 1; i < len(drawn); i++ {
				if drawn[i-1] >= drawn[i] {
					t.Errorf("%v: %d drew %v", g, self, drawn)
				}
			}
		}
	}
}

// TestDrawIsFresh draws twice. Two equal draws have a probability of 2^-540.
func TestDrawIsFresh(t *testing.T) {
	g := Graph{1000, 126, 85}
	if slices.Equal(g.Draw(7), g.Draw(7)) {
		t.Error("the same draw twice")
	}
}

// TestDrawIsUniform counts how often each set is drawn, of all there are.
func TestDrawIsUniform(t *testing.T) {
	for _, test := range []struct {
		graph            Graph
		self, sets, each int
		limit            float64 // of chi-square, at a probability of about 1e-6
	}{
		{Graph{6, 2, 2}, 3, 10, 1000, 48},
		{Graph{8, 4, 3}, 0, 35, 1000, 93},
		{Graph{9, 5, 3}, 8, 56, 1000, 126},
		{Graph{7, 1, 2}, 6, 6, 1000, 37},
	} {
		random := seeded(1)
		seen := make(map[[5]int]int)
		for range test.sets * test.each {
			var set [5]int
			copy(set[:], test.graph.draw(random, test.self))
			seen[set]++
		}
		chi := 0.0
		for _, n := range seen {
			off := float64(n - test.each)
			chi += off * off / float64(test.each)
		}
		if len(seen) != test.sets || chi > test.limit {
			t.Errorf("%v: %d sets of %d, chi-square %.1f", test.graph, len(seen), test.sets, chi)
		}
	}
}

func TestDrawRefuses(t *testing.T) {
	for _, test := range []struct {
		graph Graph
		self  int
	}{{Graph{100, 30, 21}, -1}, {Graph{100, 30, 21}, 100}, {Graph{100, 100, 21}, 0}, {Graph{}, 0}, {Graph{100, -1, 1}, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: client %d draws", test.graph, test.self)
				}
			}()
			test.graph.Draw(test.self)
		}()
	}
}
