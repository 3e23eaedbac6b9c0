// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// world is a small round with its draws, as the server sees them before it
// decides what to tell whom. Clients 0 to corrupt-1 collude with it.
type world struct {
	Graph
	corrupt int
	drawn   []uint // by client: those it drew
	// What a faulty protocol leaves out.
	unconfirmed bool // a client reveals shares although too few holders count it
	unmasked    bool // a holder counts a client that did not mask with it
}

// counts is what the server makes the clients believe: by honest client, the
// honest holders that count it. Those who do not take it for one that dropped out.
type counts []uint

// attacked reports whether the server can learn the sum over a set of honest
// clients that is too small: at most half of them, or fewer than MinHonest. It
// tries all that it can make them believe.
func (w *world) attacked() bool {
	told := make(counts, w.Clients)
	var try func(i int) bool
	try = func(i int) bool {
		if i == w.Clients {
			return w.learns(told)
		}
		holders := w.drawn[i] &^ first(w.corrupt)
		for told[i] = holders; ; told[i] = (told[i] - 1) & holders {
			if try(i + 1) {
				return true
			}
			if told[i] == 0 {
				return false
			}
		}
	}
	return try(w.corrupt)
}

// learns follows one round: who reveals, which secrets that restores, and which
// sums have neither a mask nor a self-mask left that is not known.
func (w *world) learns(told counts) bool {
	var reveal, self, mask uint
	for i := w.corrupt; i < w.Clients; i++ {
		if w.unconfirmed || 1+w.colluding(i)+bits.OnesCount(told[i]) >= w.Threshold {
			reveal |= 1 << i
		}
	}
	for i := w.corrupt; i < w.Clients; i++ {
		others := w.drawn[i] &^ first(w.corrupt) &^ told[i]
		if w.colluding(i)+bits.OnesCount((told[i]|1<<i)&reveal) >= w.Threshold {
			self |= 1 << i
		}
		if w.colluding(i)+bits.OnesCount(others&reveal) >= w.Threshold {
			mask |= 1 << i
		}
	}
	honest := w.Clients - w.corrupt
	for left := first(w.Clients) &^ first(w.corrupt); left != 0; {
		set := w.component(left&-left, told, mask)
		left &^= set
		if size := bits.OnesCount(set); set&^self == 0 && (size <= honest/2 || size < MinHonest) {
			return true
		}
	}
	return false
}

// component returns the clients that unknown masks tie together. A client masks
// with those who count it and whom it counts: more masks would help nobody.
func (w *world) component(set uint, told counts, mask uint) uint {
	for !w.unmasked {
		before := set
		for i := w.corrupt; i < w.Clients; i++ {
			for ties := told[i]; ties != 0; ties &= ties - 1 {
				if pair := 1<<i | ties&-ties; pair&mask == 0 && pair&set != 0 {
					set |= pair
				}
			}
		}
		if set == before {
			break
		}
	}
	return set
}

func (w *world) colluding(i int) int { return bits.OnesCount(w.drawn[i] & first(w.corrupt)) }

// exposed reports whether an honest client has so many corrupt holders that both
// its secrets can be restored: the first event of docs/secagg-parameters.md.
func (w *world) exposed() bool {
	for i := w.corrupt; i < w.Clients; i++ {
		if w.colluding(i) >= 2*w.Threshold-w.Neighbours-1 {
			return true
		}
	}
	return false
}

// cut reports whether a set that is too small can be split off: the second event.
func (w *world) cut() bool {
	honest, found := w.Clients-w.corrupt, false
	for s := 1; s <= max(honest/2, MinHonest-1); s++ {
		subsets(honest, s, func(set uint) {
			found = found || w.isCut(w.drawn, set<<w.corrupt, w.corrupt)
		})
	}
	return found
}

// worlds are rounds with few enough clients to try all that a server can do.
func worlds(random *rand.Rand, each int, do func(w *world)) {
	for _, test := range []struct {
		graph   Graph
		corrupt int
	}{
		{Graph{3, 2, 2}, 0}, {Graph{3, 2, 3}, 0}, {Graph{4, 3, 3}, 0}, {Graph{4, 3, 3}, 1}, {Graph{4, 3, 4}, 1}, {Graph{5, 4, 4}, 1}, {Graph{5, 4, 4}, 2},
		{Graph{5, 2, 2}, 0}, {Graph{5, 2, 3}, 1}, {Graph{5, 3, 3}, 0}, {Graph{6, 2, 2}, 1}, {Graph{6, 2, 3}, 0}, {Graph{6, 3, 3}, 1}, {Graph{6, 3, 4}, 2},
		{Graph{6, 3, 3}, 3}, {Graph{7, 2, 3}, 1}, {Graph{7, 3, 3}, 2}, {Graph{7, 3, 4}, 2}, {Graph{7, 4, 4}, 3}, {Graph{7, 4, 5}, 3}, {Graph{7, 5, 4}, 2}, {Graph{8, 5, 4}, 2}, {Graph{8, 2, 2}, 2}, {Graph{8, 2, 3}, 3},
	} {
		for range each {
			w := &world{Graph: test.graph, corrupt: test.corrupt}
			for self := range w.Clients {
				set := uint(0)
				for _, i := range random.Perm(w.Clients) {
					if i != self && bits.OnesCount(set) < w.Neighbours {
						set |= 1 << i
					}
				}
				w.drawn = append(w.drawn, set)
			}
			do(w)
		}
	}
}

// TestEvents compares what a server can do at all with the two events whose
// probabilities Check adds up: it can learn too much exactly when one of them
// happens. So the list of events is complete, and none of them is idle.
func TestEvents(t *testing.T) {
	happened := make(map[[2]bool]int)
	worlds(rand.New(rand.NewPCG(5, 6)), 40, func(w *world) {
		exposed, cut := w.exposed(), w.cut()
		happened[[2]bool{exposed, cut}]++
		if attacked := w.attacked(); attacked != (exposed || cut) {
			t.Errorf("%v, %d corrupt, drawn %b: attacked: %t, exposed: %t, cut: %t", w.Graph, w.corrupt, w.drawn, attacked, exposed, cut)
		}
	})
	for _, exposed := range []bool{false, true} {
		for _, cut := range []bool{false, true} {
			if happened[[2]bool{exposed, cut}] == 0 {
				t.Errorf("exposed: %t, cut: %t: no such round", exposed, cut)
			}
		}
	}
}

// TestRulesMatter leaves out, one at a time, the two rules of the protocol that
// the events rest on. Then rounds without such an event can be attacked.
func TestRulesMatter(t *testing.T) {
	for name, leaveOut := range map[string]func(*world){
		"a client reveals only if T holders count it":           func(w *world) { w.unconfirmed = true },
		"a holder counts only a client that has masked with it": func(w *world) { w.unmasked = true },
	} {
		broken := 0
		worlds(rand.New(rand.NewPCG(7, 8)), 10, func(w *world) {
			if w.exposed() || w.cut() {
				return
			}
			leaveOut(w)
			if w.attacked() {
				broken++
			}
		})
		if broken == 0 {
			t.Errorf("nothing depends on the rule that %s", name)
		}
	}
}
