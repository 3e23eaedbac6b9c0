// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"
)

// The symbolic test of privacy has two halves. This file has the half that knows no
// protocol: what follows from what (model.known), and which sums of inputs follow from
// masked vectors when some masks are unknown (model.learns).

// A fact is one thing that an adversary may know: a secret, a share, a private key, or
// the key of a mask. The number means nothing, a model names it.
type fact int

// A rule says that whoever knows at least need of the facts from also knows gives.
// Every step of an adversary has this form: a derivation needs one fact of one, a box
// the private key that opens it, and a secret a threshold of its shares.
type rule struct {
	need  int
	from  []fact
	gives fact
}

// A term is a mask in a vector, added (+1) or subtracted (-1).
type term struct {
	mask fact
	sign int
}

// An upload is the vector that a client sent: its input and the masks.
type upload struct {
	client int
	masks  []term
}

// A model is a round as an adversary sees it.
type model struct {
	names   map[string]fact
	rules   []rule
	seen    []fact         // what the server learns without anybody's help
	owned   map[int][]fact // what a client knows, and hands over as a colluder
	uploads []upload
}

func newModel() *model {
	return &model{names: make(map[string]fact), owned: make(map[int][]fact)}
}

// clone returns a model in which more can be seen and uploaded.
func (m *model) clone() *model {
	c := *m
	c.seen, c.uploads = slices.Clone(m.seen), slices.Clone(m.uploads)
	return &c
}

// fact returns the fact of a name.
func (m *model) fact(format string, args ...any) fact {
	name := fmt.Sprintf(format, args...)
	f, ok := m.names[name]
	if !ok {
		f = fact(len(m.names))
		m.names[name] = f
	}
	return f
}

// allow adds a rule.
func (m *model) allow(gives fact, need int, from ...fact) {
	m.rules = append(m.rules, rule{need, from, gives})
}

// known returns, by fact, what the server and the colluders know together: all that
// follows by the rules, until nothing is added.
func (m *model) known(colluders set) []bool {
	known := make([]bool, len(m.names))
	for _, f := range m.seen {
		known[f] = true
	}
	for client, facts := range m.owned {
		if colluders.has(client) {
			for _, f := range facts {
				known[f] = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, r := range m.rules {
			if !known[r.gives] && r.holds(known) {
				known[r.gives], changed = true, true
			}
		}
	}
	return known
}

func (r rule) holds(known []bool) bool {
	have := 0
	for _, f := range r.from {
		if known[f] {
			have++
		}
	}
	return have >= r.need
}

// learns returns a basis of the linear combinations of honest inputs that server and
// colluders can determine, each as the coefficients by client, in reduced echelon form.
//
// Each honest upload is an equation: vector = input + masks. A combination of uploads
// determines a combination of inputs exactly when every unknown mask has the
// coefficient 0 in it, since unknown masks are independent and uniform. The field is
// that of the integers modulo 2^61-1. No combination over the rational numbers is
// missed, because a matrix of integers has at most the rank modulo a prime that it has
// over the rationals.
func (m *model) learns(colluders set) [][]uint64 {
	known := m.known(colluders)
	column := make(map[fact]int)
	clients := 0
	for _, u := range m.uploads {
		clients = max(clients, u.client+1)
		for _, t := range u.masks {
			if _, ok := column[t.mask]; !ok && !known[t.mask] && !colluders.has(u.client) {
				column[t.mask] = len(column)
			}
		}
	}
	var rows [][]uint64
	for _, u := range m.uploads {
		if colluders.has(u.client) {
			continue
		}
		row := make([]uint64, len(column)+clients)
		row[len(column)+u.client] = 1
		for _, t := range u.masks {
			if c, ok := column[t.mask]; ok {
				row[c] = addField(row[c], signField(t.sign))
			}
		}
		rows = append(rows, row)
	}
	rank := eliminate(rows, 0, len(column))
	rest := rows[rank:] // no unknown mask is left in these
	for i := range rest {
		rest[i] = rest[i][len(column):]
	}
	return rest[:eliminate(rest, 0, clients)]
}

// prime is the size of the field: 2^61-1.
const prime = 1<<61 - 1

func addField(a, b uint64) uint64 { return (a + b) % prime }

func mulField(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return bits.Rem64(high, low, prime)
}

func signField(sign int) uint64 {
	if sign < 0 {
		return prime - uint64(-sign)
	}
	return uint64(sign)
}

// inverse returns 1/a, by Fermat.
func inverse(a uint64) uint64 {
	result := uint64(1)
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			result = mulField(result, a)
		}
		a = mulField(a, a)
	}
	return result
}

// eliminate brings rows into reduced echelon form on the columns from up to, not
// including, to. It returns the rank: the rows from there on are 0 in these columns.
func eliminate(rows [][]uint64, from, to int) (rank int) {
	for c := from; c < to && rank < len(rows); c++ {
		pivot := slices.IndexFunc(rows[rank:], func(row []uint64) bool { return row[c] != 0 })
		if pivot < 0 {
			continue
		}
		rows[rank], rows[rank+pivot] = rows[rank+pivot], rows[rank]
		scale := uint64(1)
		if rows[rank][c] != 1 {
			scale = inverse(rows[rank][c])
		}
		for i := range rows[rank] {
			rows[rank][i] = mulField(rows[rank][i], scale)
		}
		for r := range rows {
			if r == rank || rows[r][c] == 0 {
				continue
			}
			factor := prime - rows[r][c]
			for i := range rows[r] {
				rows[r][i] = addField(rows[r][i], mulField(factor, rows[rank][i]))
			}
		}
		rank++
	}
	return rank
}

// sums returns the sets of clients whose sums the basis consists of, or an error if it has
// a combination that is not the sum over a set.
func sums(basis [][]uint64) (sums []set, err error) {
	for _, combination := range basis {
		var s set
		for client, coefficient := range combination {
			switch coefficient {
			case 0:
			case 1:
				s = s.with(client)
			default:
				return nil, fmt.Errorf("a combination can be learned that is no plain sum: %v", combination)
			}
		}
		sums = append(sums, s)
	}
	return sums, nil
}

// private returns the sum that server and colluders can learn in a round with these honest
// clients. The error is that they learn more: two sums, another combination, or a sum over
// fewer than three or not more than half of the honest clients.
func private(m *model, honest, colluders set) (set, error) {
	learned, err := sums(m.learns(colluders))
	switch {
	case err != nil:
		return set{}, err
	case len(learned) > 1:
		return set{}, fmt.Errorf("several sums can be learned: %v", learned)
	case len(learned) == 0:
		return set{}, nil
	}
	sum := learned[0]
	if sum.minus(honest) != (set{}) || sum.size() < 3 || 2*sum.size() <= honest.size() {
		return sum, fmt.Errorf("the sum over %v can be learned, where %v are honest", sum, honest)
	}
	return sum, nil
}

// A set is a set of the clients 0 to 127.
type set [2]uint64

func setOf(clients ...int) (s set) {
	for _, c := range clients {
		s = s.with(c)
	}
	return s
}

// first returns the set of the first n clients.
func first(n int) (s set) {
	for c := range n {
		s = s.with(c)
	}
	return s
}

func (s set) has(client int) bool { return s[client/64]>>(client%64)&1 == 1 }
func (s set) size() int           { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }
func (s set) and(other set) set   { return set{s[0] & other[0], s[1] & other[1]} }
func (s set) or(other set) set    { return set{s[0] | other[0], s[1] | other[1]} }
func (s set) minus(other set) set { return set{s[0] &^ other[0], s[1] &^ other[1]} }

func (s set) with(client int) set {
	s[client/64] |= 1 << (client % 64)
	return s
}

// clients returns the members in order.
func (s set) clients() (clients []int) {
	for c := range 64 * len(s) {
		if s.has(c) {
			clients = append(clients, c)
		}
	}
	return clients
}

func (s set) String() string { return fmt.Sprint(s.clients()) }

// subsets returns all subsets, the empty one first, of a set of clients below 64.
func (s set) subsets() (subsets []set) {
	for sub := uint64(0); ; sub = (sub - s[0]) & s[0] {
		subsets = append(subsets, set{sub})
		if sub == s[0] {
			return subsets
		}
	}
}

// TestModel requires the right answers for systems that are solved by hand.
func TestModel(t *testing.T) {
	// Three clients with pairwise masks and self masks.
	build := func(known ...string) *model {
		m := newModel()
		for i := range 3 {
			u := upload{client: i, masks: []term{{m.fact("self %d", i), 1}}}
			for j := range 3 {
				if j != i {
					sign := 1
					if j < i {
						sign = -1
					}
					u.masks = append(u.masks, term{m.fact("edge %d %d", min(i, j), max(i, j)), sign})
				}
			}
			m.uploads = append(m.uploads, u)
		}
		for _, name := range known {
			m.seen = append(m.seen, m.fact("%s", name))
		}
		return m
	}
	for _, test := range []struct {
		known []string
		want  [][]uint64
	}{
		{nil, nil},
		{[]string{"self 0", "self 1"}, nil},
		{[]string{"self 0", "self 1", "self 2"}, [][]uint64{{1, 1, 1}}},
		{[]string{"self 0", "self 1", "edge 0 2", "edge 1 2"}, [][]uint64{{1, 1, 0}}},
		{[]string{"self 0", "edge 0 1", "edge 0 2"}, [][]uint64{{1, 0, 0}}},
		{[]string{"self 0", "self 1", "self 2", "edge 0 1", "edge 0 2"}, [][]uint64{{1, 0, 0}, {0, 1, 1}}},
	} {
		if got := build(test.known...).learns(set{}); !slices.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("with %q known: %v, want %v", test.known, got, test.want)
		}
	}

	m := newModel() // one mask twice, with another sign: only the sum of both inputs
	m.uploads = []upload{{0, []term{{m.fact("a"), 1}, {m.fact("a"), 1}}}, {1, []term{{m.fact("a"), -1}}}}
	if got, want := m.learns(set{}), [][]uint64{{1, 2}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("one mask in two vectors: %v, want %v", got, want)
	}
	if _, err := private(m, first(2), set{}); err == nil {
		t.Error("x0 + 2*x1 passes as a plain sum")
	}
	if got := (uint64(12345)); mulField(got, inverse(got)) != 1 {
		t.Error("a number times its inverse is not 1")
	}
}

// TestModelClosure requires that rules apply in any order, at their thresholds, and
// with what colluders hand over.
func TestModelClosure(t *testing.T) {
	m := newModel()
	m.allow(m.fact("mask"), 1, m.fact("secret")) // listed before what it needs
	m.allow(m.fact("secret"), 2, m.fact("share 0"), m.fact("share 1"), m.fact("share 2"))
	m.allow(m.fact("share 1"), 1, m.fact("key 1"))
	m.seen = []fact{m.fact("share 0")}
	m.owned[1] = []fact{m.fact("key 1")}
	if m.known(set{})[m.fact("mask")] {
		t.Error("one share of two gives the secret")
	}
	if !m.known(setOf(1))[m.fact("mask")] {
		t.Error("a colluder's key does not lead to the mask")
	}
}
