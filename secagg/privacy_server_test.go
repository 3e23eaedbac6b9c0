// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// This file has the symbolic test of privacy against a curious server: it follows the
// protocol, and learns from all that it gets, from whatever comes too late, and from
// colluders, who follow the protocol, too.

// An outcome is a round with the real server, in which clients drop out.
type outcome struct {
	*node
	counted set    // those whose vector came in time
	sum     []byte // nil if too few were left
}

// A scenario is a round to come. last[i] is the last message of client i that comes in time.
// The one after it comes late: the client has made it, and the server sees it.
type scenario struct {
	corrupt, dropped int
	last             []Step
	encoding         vector.Encoding
	fine             bool            // see actor
	mutants          map[int]*mutant // see actor
}

// simulate runs a round.
func simulate(t testing.TB, s scenario) *outcome { return newTree(t, len(s.last), s).run(s.last) }

// A tree is the rounds of one server with the same clients. What they have in common is done only
// once: all up to the step in which somebody's message comes in time in one of them and not in
// another one.
type tree struct {
	t     testing.TB
	root  *node
	fresh bool // nothing is in common from the masked vectors on, which differ
}

// A node is a round in a step: the clients have made their messages, and the server has none.
type node struct {
	server   *Server
	actors   []*actor
	next     map[set]*node // by whose messages come in time
	err      error         // of the server, which has ended the round
	dealt    *node         // with all deals, or this one before there are some
	observer *observer     // of a node with all deals
}

func newTree(t testing.TB, n int, s scenario) *tree {
	t.Helper()
	ids := identities(t, n)
	server, err := NewServer(ServerConfig{Members: publics(ids), Encoding: s.encoding, Corrupt: orNone(s.corrupt), Dropped: s.dropped})
	if err != nil {
		t.Fatal(err)
	}
	root := &node{server: server, next: make(map[set]*node)}
	for i, id := range ids {
		c, err := NewClient(ClientConfig{Identity: id, Members: publics(ids), Floors: Floors{Corrupt: orNone(s.corrupt)}})
		if err != nil {
			t.Fatal(err)
		}
		a := &actor{Client: c, number: i, id: id, fine: s.fine, mutant: s.mutants[i], said: make(map[Step][]byte)}
		if _, err := a.handle(server.Invitation().Bytes()); err != nil {
			t.Fatal(err)
		}
		root.actors = append(root.actors, a)
	}
	return &tree{t: t, root: root}
}

// run runs a round in which these are the last messages of the clients.
func (r *tree) run(last []Step) *outcome {
	r.t.Helper()
	n := r.root
	for n.err == nil && n.server.step <= StepReveal {
		var inTime set
		for _, a := range n.actors {
			if a.said[n.server.step] != nil && last[a.number] >= n.server.step {
				inTime = inTime.with(a.number)
			}
		}
		next := n.next[inTime]
		if next == nil {
			next = r.advance(n, inTime)
			if !r.fresh || n.server.step < StepMasked {
				n.next[inTime] = next
			}
		}
		if n = next; r.fresh && n.server.step == StepMasked {
			n = n.upload(r.t)
		}
	}
	d := &outcome{node: n}
	for _, a := range d.actors {
		if p := n.server.clients[a.id.Fingerprint()]; p != nil && p.stated != nil {
			d.counted = d.counted.with(a.number)
		}
	}
	if d.err == nil {
		d.finish(r.t, n.server)
	}
	return d
}

// upload returns a copy of a node in which each client has masked a vector of its own.
func (n *node) upload(t testing.TB) *node {
	t.Helper()
	c := *n
	c.actors = nil
	for _, a := range n.actors {
		if a.waits {
			a = a.clone()
			if err := a.upload(); err != nil {
				t.Fatal(err)
			}
		}
		c.actors = append(c.actors, a)
	}
	return &c
}

// advance gives messages to a copy of the server, and what it says to copies of the clients.
func (r *tree) advance(n *node, inTime set) *node {
	r.t.Helper()
	next := &node{server: n.server.clone(), next: make(map[set]*node)}
	if next.dealt = n.dealt; n.server.step <= StepDeal {
		next.dealt = n
	}
	for _, a := range n.actors {
		if !inTime.has(a.number) {
			continue
		}
		if _, err := receive(next.server, a.said[n.server.step], a.masked); err != nil {
			r.t.Fatal(err)
		}
	}
	var messages map[signature.Fingerprint][]byte
	messages, next.err = advance(next.server)
	for _, a := range n.actors {
		if message := messages[a.id.Fingerprint()]; message != nil {
			a = a.clone()
			a.waits = r.fresh && next.server.step == StepMasked
			if _, err := a.handle(message); err != nil {
				r.t.Fatalf("client %d: %v", a.number, err)
			}
		}
		next.actors = append(next.actors, a)
	}
	return next
}

func (d *outcome) finish(t testing.TB, server *Server) {
	t.Helper()
	vectors := make(map[signature.Fingerprint]*actor)
	for _, a := range d.actors {
		vectors[a.id.Fingerprint()] = a
	}
	var sum bytes.Buffer
	result, err := server.Sum(t.Context(), &sum, func(f signature.Fingerprint) (io.ReaderAt, error) {
		return bytes.NewReader(vectors[f].masked), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.sum = sum.Bytes()
	want := make([]byte, len(d.sum))
	var counted set
	for _, f := range result.Counted {
		mask.Add(want, vectors[f].unmasked(true), server.Terms().Encoding.Width)
		counted = counted.with(vectors[f].number)
	}
	if !bytes.Equal(d.sum, want) || counted != d.counted {
		t.Fatalf("the sum over %v is %x, want %x over %v", counted, d.sum, want, d.counted)
	}
}

// audit requires that server and colluders learn the sum over the honest clients that
// count, and nothing more, for each of the sets of at most corrupt colluders. If the round
// has not ended with a sum, they may learn nothing, too.
func (d *outcome) audit(t testing.TB, sets []set, corrupt int) (audits int) {
	t.Helper()
	if d.dealt.observer == nil {
		d.dealt.observer = observe(t, d.dealt.actors)
	}
	m := d.dealt.observer.round(d.actors)
	for _, colluders := range sets {
		if colluders.size() > corrupt {
			continue
		}
		audits++
		honest := first(len(d.actors)).minus(colluders)
		got, err := private(m, honest, colluders)
		if err != nil {
			t.Fatalf("with %v as colluders: %v", colluders, err)
		}
		if want := d.counted.minus(colluders); got != want && (d.sum != nil || got != (set{})) {
			t.Fatalf("with %v as colluders the sum over %v can be learned, not that over %v", colluders, got, want)
		}
	}
	return audits
}

// lastSteps are all that a client may do last, from nothing to everything.
var lastSteps = []Step{0, StepAdvertisement, StepDraw, StepDeal, StepMasked, StepConfirmation, StepReveal}

// patterns calls f with each pattern of drop-outs of n clients, if they are
// interchangeable: each way to choose n times among lastSteps without an order.
func patterns(n int, f func(last []Step)) {
	last := make([]Step, 0, n)
	var choose func(from int)
	choose = func(from int) {
		if len(last) == n {
			f(slices.Clone(last))
			return
		}
		for i := from; i < len(lastSteps); i++ {
			last = append(last, lastSteps[i])
			choose(i)
			last = last[:len(last)-1]
		}
	}
	choose(0)
}

// until returns a pattern as far as a round went that ended in a step.
func until(last []Step, end Step) string {
	b := []byte{byte(end)}
	for _, l := range last {
		b = append(b, byte(min(l, end)))
	}
	return string(b)
}

// thresholds returns for each threshold that the graph of n clients can have how many
// drop-outs to ask for, and the most colluders.
func thresholds(n int) (list [][2]int) {
	seen := make(map[int]int)
	for corrupt := range n {
		for dropped := n; dropped >= 0; dropped-- {
			g, err := graph.Plan(n, corrupt, dropped)
			if err != nil {
				continue
			}
			if at, ok := seen[g.Threshold]; ok {
				list[at][1] = corrupt
			} else {
				seen[g.Threshold] = len(list)
				list = append(list, [2]int{dropped, corrupt})
			}
			break
		}
	}
	return list
}

// TestPrivacyAll is the symbolic test of privacy for all patterns of drop-outs and all sets
// of colluders of 3 to 6 clients. Clients differ by their index only, which decides who
// adds a mask and who subtracts it. Each pattern is dealt to the indices at random, and in
// all rotations of that if the round ends with a sum.
func TestPrivacyAll(t *testing.T) {
	for n := 3; n <= 6; n++ {
		for _, chosen := range thresholds(n) {
			dropped, corrupt := chosen[0], chosen[1]
			t.Run(fmt.Sprintf("%d clients, %d corrupt, %d dropped", n, corrupt, dropped), func(t *testing.T) {
				if n > 3 {
					testkit.LongAlone(t)
				}
				t.Parallel()
				testPatterns(t, n, corrupt, dropped)
			})
		}
	}
}

func testPatterns(t *testing.T, n, corrupt, dropped int) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(corrupt)))
	rounds, sums, audits := 0, 0, 0
	tree := newTree(t, n, scenario{corrupt: corrupt, dropped: dropped, encoding: tiny})
	run := func(last []Step) *outcome {
		d := tree.run(last)
		audits += d.audit(t, first(n).subsets(), corrupt)
		rounds++
		return d
	}
	early := make(map[string]bool) // patterns as far as their rounds went
	patterns(n, func(last []Step) {
		if slices.ContainsFunc(lastSteps, func(s Step) bool { return early[until(last, s)] }) {
			return
		}
		shuffled := slices.Clone(last)
		random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		d := run(shuffled)
		if d.sum == nil {
			early[until(last, d.server.step)] = true
			return
		}
		sums++
		for by := 1; by < n; by++ {
			run(append(shuffled[by:n:n], shuffled[:by]...))
		}
	})
	t.Logf("%d patterns end with a sum; %d rounds, %d with their sets of colluders", sums, rounds, audits)
	if sums == 0 || len(early) == 0 {
		t.Errorf("%d patterns end with a sum, %d without", sums, len(early))
	}
}

// TestPrivacyRandom is the same for random patterns and random colluders of more clients.
func TestPrivacyRandom(t *testing.T) {
	const patterns = 5 // of each tree
	trees := 12
	if testkit.Brief() {
		trees = 1
	}
	random := rand.New(rand.NewPCG(5, 6))
	sums, audits := 0, 0
	for range trees {
		n := 7 + random.IntN(6)
		choices := thresholds(n)
		chosen := choices[random.IntN(len(choices))]
		dropped, corrupt := chosen[0], chosen[1]
		tree := newTree(t, n, scenario{corrupt: corrupt, dropped: dropped, encoding: tiny})
		for range patterns {
			last := slices.Repeat([]Step{StepReveal}, n)
			for range random.IntN(dropped + 2) { // sometimes one more than the round survives
				last[random.IntN(n)] = lastSteps[random.IntN(len(lastSteps))]
			}
			d := tree.run(last)
			audits += d.audit(t, randomSubsets(random, n, 200), corrupt)
			if d.sum != nil {
				sums++
			}
		}
	}
	t.Logf("%d of %d rounds end with a sum; %d with their sets of colluders", sums, trees*patterns, audits)
	if sums == 0 {
		t.Error("no round ends with a sum")
	}
}

// randomSubsets returns sets of the first n clients of all sizes, the empty one first.
func randomSubsets(random *rand.Rand, n, count int) []set {
	list := []set{{}}
	for range count {
		list = append(list, randomSet(random, n))
	}
	return list
}

// TestPrivacySparse is the same for one round on a sparse graph.
func TestPrivacySparse(t *testing.T) {
	testkit.LongAlone(t)
	const n, corrupt, dropped = 104, 5, 5
	random := rand.New(rand.NewPCG(7, 8))
	last := slices.Repeat([]Step{StepReveal}, n)
	for i := range dropped {
		last[random.IntN(n)] = lastSteps[1+i] // one after each of the steps
	}
	d := simulate(t, scenario{corrupt: corrupt, dropped: dropped, last: last, encoding: tiny})
	if g := d.actors[0].roster.graph; g.Neighbours == n-1 || d.sum == nil {
		t.Fatalf("%v, %d bytes of sum: want a sparse graph and a sum", g, len(d.sum))
	}
	colluders := []set{{}}
	for range 10 {
		colluders = append(colluders, setOf(random.Perm(n)[:corrupt]...))
	}
	d.audit(t, colluders, corrupt)
}
