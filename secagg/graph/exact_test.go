// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"sort"
	"testing"
)

// subsets calls do with each set of k of the first n bits.
func subsets(n, k int, do func(set uint)) {
	for set := uint(0); set < 1<<n; set++ {
		if bits.OnesCount(set) == k {
			do(set)
		}
	}
}

// first is the set of the first n bits.
func first(n int) uint { return 1<<n - 1 }

func ratio(a, b *big.Int) *big.Float { return new(big.Float).SetPrec(200).Quo(float(a), float(b)) }
func float(a *big.Int) *big.Float    { return new(big.Float).SetPrec(1 << 15).SetInt(a) }

// isJustAbove fails if got is below want, or above it by a factor of 1 + 2^-40.
func isJustAbove(t *testing.T, what string, got, want *big.Float) {
	t.Helper()
	slack := new(big.Float).SetPrec(200).Add(big.NewFloat(1), new(big.Float).SetMantExp(big.NewFloat(1), -40))
	if got.Cmp(want) < 0 || got.Cmp(slack.Mul(slack, want)) > 0 {
		t.Fatalf("%s: %.20g, want %.20g", what, got, want)
	}
}

// TestTailEnumerated counts the draws themselves.
func TestTailEnumerated(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for k := 0; k <= n; k++ {
			for m := -1; m <= k+1; m++ {
				d := newDraws(n, k, m)
				for marked := 0; marked <= n; marked++ {
					all, some := int64(0), int64(0)
					subsets(n, k, func(set uint) {
						all++
						if bits.OnesCount(set&first(marked)) >= m {
							some++
						}
					})
					p := d.tail(marked)
					if d.sum.Int64() != some {
						t.Fatalf("n %d, k %d, m %d, marked %d: %v draws, want %d", n, k, m, marked, d.sum, some)
					}
					isJustAbove(t, "tail", p, ratio(big.NewInt(some), big.NewInt(all)))
				}
			}
		}
	}
}

// TestTailKnown compares with what is known from elsewhere.
func TestTailKnown(t *testing.T) {
	for _, test := range []struct {
		what              string
		n, marked, k, m   int
		favourable, outOf int64
	}{
		{"Fisher's lady tasting tea, all right", 8, 4, 4, 4, 1, 70},
		{"Fisher's lady tasting tea, at most one cup of each wrong", 8, 4, 4, 3, 17, 70},
		{"6 of 49, all right", 49, 6, 6, 6, 1, 13983816},
		{"6 of 49, at least 3 right", 49, 6, 6, 3, 260624, 13983816},
		{"a hand of five with at least one ace", 52, 4, 5, 1, 886656, 2598960},
		{"all that collude among the holders", 99, 10, 30, 10, 30045015, 15579278510796},
	} {
		got := newDraws(test.n, test.k, test.m).tail(test.marked)
		isJustAbove(t, test.what, got, ratio(big.NewInt(test.favourable), big.NewInt(test.outOf)))
	}
}

// TestTailFormula compares with the usual sum, over the number of marked drawn.
func TestTailFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		n := 50 + random.IntN(1<<random.IntN(11))
		k, marked := 1+random.IntN(n), random.IntN(n+1)
		m := random.IntN(k + 2)
		want := new(big.Int)
		for j := m; j <= min(k, marked); j++ {
			term := new(big.Int).Binomial(int64(marked), int64(j))
			if k-j <= n-marked {
				want.Add(want, term.Mul(term, new(big.Int).Binomial(int64(n-marked), int64(k-j))))
			}
		}
		d := newDraws(n, k, m)
		d.tail(marked / 2)
		p := d.tail(marked)
		if d.sum.Cmp(want) != 0 {
			t.Errorf("n %d, k %d, m %d, marked %d: %v draws, want %v", n, k, m, marked, d.sum, want)
		}
		isJustAbove(t, "tail", p, ratio(want, new(big.Int).Binomial(int64(n), int64(k))))
	}
}

// TestTailSimulated draws.
func TestTailSimulated(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const rounds = 20000
	for _, test := range []struct{ n, k, marked, m int }{{99, 30, 10, 5}, {999, 126, 100, 18}, {49, 49, 7, 7}, {40, 12, 20, 6}} {
		hits := 0
		for range rounds {
			drawn := 0
			for i := range test.k { // of n-i left, marked-drawn are marked
				if random.IntN(test.n-i) < test.marked-drawn {
					drawn++
				}
			}
			if drawn >= test.m {
				hits++
			}
		}
		p, _ := newDraws(test.n, test.k, test.m).tail(test.marked).Float64()
		if off := math.Abs(float64(hits) - rounds*p); off > 4.5*math.Sqrt(rounds*p*(1-p))+1e-9 {
			t.Errorf("%+v: %d of %d, want %.1f", test, hits, rounds, rounds*p)
		}
	}
}

// TestTailGrows checks, without rounding, that one more marked makes the tail
// larger by at least the average factor of all that are still to come. The proof
// that fewer colluders are never worse rests on it.
func TestTailGrows(t *testing.T) {
	power := func(x *big.Int, n int) *big.Int { return new(big.Int).Exp(x, big.NewInt(int64(n)), nil) }
	for n := 2; n <= 20; n++ {
		for k := 1; k <= n; k++ {
			all := new(big.Int).Binomial(int64(n), int64(k))
			for m := 1; m <= k; m++ {
				d := newDraws(n, k, m)
				for marked := 1; marked < n; marked++ {
					d.tail(marked - 1)
					before := power(d.sum, n-marked)
					d.tail(marked)
					if after := power(d.sum, n-marked+1); before.Mul(before, all).Cmp(after) > 0 {
						t.Fatalf("n %d, k %d, m %d, marked %d: too little more than with one fewer", n, k, m, marked)
					}
				}
			}
		}
	}
}

// TestTailEstimated compares the estimates that Plan begins with.
func TestTailEstimated(t *testing.T) {
	for _, test := range []struct{ n, k, marked, m int }{
		{99, 30, 10, 5}, {999, 126, 100, 43}, {999, 252, 200, 97}, {999, 252, 549, 156}, {16383, 9930, 5406, 3520}, {16383, 185, 8191, 98}, {99, 30, 99, 30}, {99, 30, 10, 0}, {99, 30, 0, 1},
	} {
		want := log2(newDraws(test.n, test.k, test.m).tail(test.marked), nil)
		if got := logTimes(1, test.n, test.marked, test.k, test.m); got != want && !(math.Abs(got-want) < 1e-6) {
			t.Errorf("%+v: 2^%v, want 2^%v", test, got, want)
		}
	}
}

// TestFewerColluders takes, of random graphs, the lowest threshold that is
// private, and checks that the probabilities do not grow with fewer colluders.
func TestFewerColluders(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	slack := up().Add(up().SetInt64(1), up().SetMantExp(big.NewFloat(1), -40))
	tried := 0
	for range 150 {
		n := Sparse + random.IntN(60)
		corrupt := 1 + random.IntN(n/3)
		g := Graph{Clients: n, Neighbours: 10 + random.IntN(n-10)}
		g.Threshold = sort.Search(g.Neighbours+1, func(threshold int) bool {
			return threshold > 0 && atMost(Graph{n, g.Neighbours, threshold}.exposure(corrupt), SecurityBits)
		})
		more := g.exposure(corrupt)
		if !atMost(more, SecurityBits) {
			continue // k is too small
		}
		if more.Sign() > 0 {
			tried++
		}
		for c := corrupt - 1; c >= 0; c-- {
			fewer := g.exposure(c)
			if limit := up().Mul(more, slack); fewer.Cmp(limit) > 0 {
				t.Errorf("%v: %d corrupt: %.20g, one more: %.20g", g, c, fewer, more)
			}
			more = fewer
		}
	}
	if tried < 50 {
		t.Errorf("%d graphs", tried)
	}
}

// TestSplitEnumerated counts, over everything that the honest clients can draw,
// the sets that are cut off. Clients 0 to corrupt-1 collude.
func TestSplitEnumerated(t *testing.T) {
	for _, test := range []struct {
		graph   Graph
		corrupt int
	}{
		{Graph{5, 2, 2}, 0}, {Graph{5, 2, 2}, 1}, {Graph{5, 2, 3}, 1}, {Graph{5, 3, 3}, 1}, {Graph{5, 3, 4}, 0}, {Graph{6, 2, 3}, 2}, {Graph{6, 3, 3}, 2}, {Graph{6, 4, 4}, 1}, {Graph{6, 5, 4}, 2}, {Graph{6, 3, 1}, 3},
	} {
		n, honest := test.graph.Clients, test.graph.Clients-test.corrupt
		draws := make([][]uint, n)
		for i := range n {
			subsets(n, test.graph.Neighbours, func(set uint) {
				if set>>i&1 == 0 {
					draws[i] = append(draws[i], set)
				}
			})
		}
		graphs, cut := int64(0), int64(0)
		drawn := make([]uint, n)
		var each func(i int)
		each = func(i int) {
			if i < n {
				for _, drawn[i] = range draws[i] {
					each(i + 1)
				}
				return
			}
			graphs++
			for s := 1; s <= max(honest/2, 2); s++ {
				subsets(honest, s, func(set uint) {
					if test.graph.isCut(drawn, set<<test.corrupt, test.corrupt) {
						cut++
					}
				})
			}
		}
		each(test.corrupt)
		got := test.graph.split(test.corrupt)
		if cut == 0 && got.Sign() == 0 {
			continue
		}
		isJustAbove(t, test.graph.String(), got, ratio(big.NewInt(cut), big.NewInt(graphs)))
	}
}

// isCut reports whether each client of a set drew T-1 from it and the first,
// who collude.
func (g Graph) isCut(drawn []uint, set uint, corrupt int) bool {
	for i := range drawn {
		if set>>i&1 == 1 && bits.OnesCount(drawn[i]&(set|first(corrupt))) < g.Threshold-1 {
			return false
		}
	}
	return true
}

// TestBreakdownEnumerated adds up, over the clients, the share of their draws
// that leave them too few holders. Clients 0 to dropped-1 drop out.
func TestBreakdownEnumerated(t *testing.T) {
	const n = 100 // the complete graph: k = n-1, one draw, all or nothing
	for threshold := 90; threshold <= 100; threshold++ {
		for dropped := 0; dropped <= 10; dropped++ {
			got := Graph{n, n - 1, threshold}.Completion(dropped)
			if ends := n-dropped >= threshold; ends != math.IsInf(got, -1) {
				t.Errorf("threshold %d of %d, %d dropped: 2^%v", threshold, n, dropped, got)
			}
		}
	}
	g := Graph{Clients: 8, Neighbours: 4, Threshold: 3}
	for dropped := 0; dropped <= g.Clients; dropped++ {
		all, few := int64(0), int64(0)
		for i := range g.Clients {
			subsets(g.Clients, g.Neighbours, func(set uint) {
				if set>>i&1 == 1 {
					return
				}
				all++
				if bits.OnesCount((set|1<<i)&^first(dropped)) < g.Threshold {
					few++
				}
			})
		}
		got := g.unable(dropped)
		if few == 0 && got.Sign() == 0 {
			continue
		}
		each := new(big.Int).Binomial(int64(g.Clients-1), int64(g.Neighbours))
		isJustAbove(t, "breakdown", got, ratio(big.NewInt(few), each))
		if all != each.Int64()*int64(g.Clients) {
			t.Fatalf("%d draws", all)
		}
	}
}

// TestRounding checks that nothing is rounded down.
func TestRounding(t *testing.T) {
	third := up().Quo(up().SetInt64(1), up().SetInt64(3))
	for _, s := range []int{1, 2, 3, 10, 127, 500} {
		exact := new(big.Int).Exp(big.NewInt(3), big.NewInt(int64(s)), nil)
		isJustAbove(t, "power", power(third, s), ratio(big.NewInt(1), exact))
	}
	tiny := up().SetMantExp(big.NewFloat(1), -10000)
	if got := add(up(), tiny); got.Cmp(new(big.Float).SetMantExp(big.NewFloat(1), least)) != 0 {
		t.Errorf("2^-10000 counts as %v", got)
	}
	if got := add(up(), up()); got.Sign() != 0 {
		t.Errorf("zero counts as %v", got)
	}
	if p := new(big.Float).SetMantExp(big.NewFloat(1), -SecurityBits); !atMost(p, SecurityBits) || atMost(up().Add(p, tiny.SetMantExp(big.NewFloat(1), -100)), SecurityBits) {
		t.Error("2^-40 is not the limit")
	}
	margin := up().SetMantExp(big.NewFloat(1-0x1p-20), -SecurityBits)
	if !surely(margin) || surely(up().Add(margin, tiny)) {
		t.Error("(1 - 2^-20) 2^-40 is not the limit of Plan")
	}
	for _, x := range []float64{1, 0.75, 1e-12, 12345} {
		if got := log2(big.NewFloat(x), nil); got < math.Log2(x) || got > math.Log2(x)+1e-8 {
			t.Errorf("the logarithm of %v: %v", x, got)
		}
	}
}
