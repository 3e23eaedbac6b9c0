// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg/graph"
)

// This file has the symbolic test of privacy against a server that deviates from the
// protocol: it tells each of the real clients something else, with the colluders' help.

// An adversary is a malicious server in a round, up to the deals. Clients are known by their
// index in its roster.
type adversary struct {
	t         testing.TB
	roster    *roster
	members   []*actor       // of the roster, by index
	told      map[int]*actor // honest clients that were told this roster
	colluders set
	observer  *observer
	unnamed   bool // clients do not check whom a statement names (a mutant)

	statements, confirmations map[int][]byte // of colluders, who sign whatever helps
	masked                    map[string]*actor
}

// complete returns the complete graph.
func complete(clients, threshold int) graph.Graph {
	return graph.Graph{Clients: clients, Neighbours: clients - 1, Threshold: threshold}
}

// newAdversary tells a roster of members to some of them, and takes their deals. Colluders are
// told, too, and deal like everybody.
func newAdversary(t testing.TB, members, told []*actor, g graph.Graph, colluders set) *adversary {
	t.Helper()
	p := &adversary{t: t, told: make(map[int]*actor), colluders: colluders,
		statements: make(map[int][]byte), confirmations: make(map[int][]byte), masked: make(map[string]*actor)}
	binding := members[0].binding
	var entries []entry
	for _, a := range members {
		m, _, err := cutSigned(a.said[StepAdvertisement])
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{m.signer, advertisementHash(&m)})
	}
	p.roster = newRoster(binding, g, entries)
	for _, e := range p.roster.entries {
		i := slices.IndexFunc(members, func(a *actor) bool { return a.id.Fingerprint() == e.client })
		p.members = append(p.members, members[i])
	}
	for i, a := range p.members {
		if slices.Contains(told, a) {
			p.told[i] = a
		}
	}
	for _, a := range p.told {
		p.deal(a)
	}
	return p
}

func (p *adversary) deal(a *actor) {
	p.t.Helper()
	if _, err := a.handle(serverBytes(StepRoster, a.binding, p.roster.marshal())); err != nil {
		p.t.Fatal(err)
	}
	var adverts []byte
	for _, h := range a.holders {
		adverts = append(adverts, p.members[h].said[StepAdvertisement]...)
	}
	if _, err := a.handle(serverBytes(StepPeers, a.roster.digest, adverts)); err != nil {
		p.t.Fatal(err)
	}
}

// honest returns the indices of the honest clients that were told the roster.
func (p *adversary) honest() (list []int) {
	for i, a := range p.members {
		if p.told[i] != nil && !p.colluders.has(a.number) {
			list = append(list, i)
		}
	}
	return list
}

// dealt returns the message that tells a client which deals there are.
func (p *adversary) dealt(a *actor, v view) []byte {
	var deals []byte
	var there []int
	count := 0
	for i := range p.members {
		dealer := p.told[i]
		if i == a.self || !v.dealt.or(v.there).has(i) {
			continue
		}
		if slices.Contains(a.holders, i) {
			there = append(there, i)
		}
		if v.dealt.has(i) && dealer != nil && slices.Contains(dealer.holders, a.self) {
			deals = append(deals, dealer.dealTo(a.self)...)
			count++
		}
	}
	return serverBytes(StepDealt, a.roster.digest, slices.Concat(index16(count), deals, encodeIndices(there)))
}

// dealTo returns what a dealer has for one of its holders: its summary, signed, and the item.
func (a *actor) dealTo(holder int) []byte {
	m, items, err := cutSigned(a.said[StepDeal])
	if err != nil {
		panic(err)
	}
	at, _ := slices.BinarySearch(a.holders, holder)
	return slices.Concat(m.raw, items[at*itemSize:][:itemSize])
}

// counted returns the message with the statements of those that a client shall count.
func (p *adversary) counted(a *actor, v view, copies []*actor) []byte {
	var body []byte
	for _, i := range v.counted.clients() {
		if _, dealt := a.dealt[i]; dealt {
			body = append(body, p.statement(i, copies)...)
		}
	}
	return serverBytes(StepCounted, a.roster.digest, body)
}

// statement returns what client i states, and for a colluder what helps.
func (p *adversary) statement(i int, copies []*actor) []byte {
	if copies[i] != nil && !p.unnamed {
		return copies[i].said[StepMasked]
	}
	if p.statements[i] == nil {
		p.statements[i] = p.everybodyBut(i, StepMasked, make([]byte, 32))
	}
	return p.statements[i]
}

// everybodyBut returns a message that client i signs about all others.
func (p *adversary) everybodyBut(i int, step Step, prefix []byte) []byte {
	others := first(len(p.members)).minus(setOf(i)).clients()
	message, err := sign(p.members[i].id, step, p.told[i].roster.digest, slices.Concat(prefix, encodeIndices(others)))
	if err != nil {
		p.t.Fatal(err)
	}
	return message
}

// confirmed returns the message with the confirmations in a client's favour.
func (p *adversary) confirmed(a *actor, v view, copies []*actor) []byte {
	var body []byte
	for _, h := range v.confirmed.clients() {
		if !slices.Contains(a.Client.masked, h) || !slices.Contains(a.holders, h) {
			continue
		}
		switch by := copies[h]; {
		case by != nil && by.said[StepConfirmation] != nil && slices.Contains(by.Client.counted, a.self):
			body = append(body, by.said[StepConfirmation]...)
		case by == nil && p.told[h] != nil:
			if p.confirmations[h] == nil {
				p.confirmations[h] = p.everybodyBut(h, StepConfirmation, nil)
			}
			body = append(body, p.confirmations[h]...)
		}
	}
	return serverBytes(StepConfirmed, a.roster.digest, body)
}

// run carries out a strategy against copies of the honest clients, which it returns by
// index, and how many of them have given shares. Where a client refuses, the server
// continues with the others.
func (p *adversary) run(views []view) (copies []*actor, revealed int) {
	copies = make([]*actor, len(p.members))
	for _, i := range p.honest() {
		copies[i] = p.mask(i, views[i]).clone()
	}
	for _, i := range p.honest() {
		copies[i].handle(p.counted(copies[i], views[i], copies))
	}
	for _, i := range p.honest() {
		if _, err := copies[i].handle(p.confirmed(copies[i], views[i], copies)); err == nil {
			revealed++
		}
		p.again(copies[i], views[i], copies)
	}
	return copies, revealed
}

// mask returns a client that has been told of deals. In strategies that begin alike, it is the same.
func (p *adversary) mask(i int, v view) *actor {
	key := fmt.Sprint(i, v.dealt, v.there)
	if p.masked[key] == nil {
		p.masked[key] = p.told[i].clone()
		p.masked[key].handle(p.dealt(p.masked[key], v))
	}
	return p.masked[key]
}

// again asks a client for more with other sets, which it must refuse: without each of some clients.
func (p *adversary) again(a *actor, v view, copies []*actor) {
	const most = 8
	others := v.counted.minus(setOf(a.self)).clients()
	for _, i := range others[:min(most, len(others))] {
		other := view{counted: v.counted.minus(setOf(i)), confirmed: v.confirmed.minus(setOf(i))}
		for _, message := range [][]byte{p.counted(a, other, copies), p.confirmed(a, other, copies)} {
			b := a.clone()
			if _, err := b.handle(message); err == nil && !sameAnswers(a, b) {
				p.t.Errorf("client %d answers twice", a.number)
			}
		}
	}
}

// sameAnswers reports whether a copy has said nothing that the original has not.
func sameAnswers(a, b *actor) bool {
	return maps.EqualFunc(a.said, b.said, func(x, y []byte) bool { return bytes.Equal(x, y) })
}

// judge returns what the adversary learns from what the clients have said.
func (p *adversary) judge(copies []*actor) (set, error) {
	var honest set
	for _, a := range p.members {
		honest = honest.with(a.number)
	}
	return private(p.observer.round(present(copies)), honest.minus(p.colluders), p.colluders)
}

// present returns the actors that are not nil.
func present(copies []*actor) []*actor {
	return slices.DeleteFunc(slices.Clone(copies), func(a *actor) bool { return a == nil })
}

// newFullAdversary is an adversary with all clients in the roster and all of them told. The
// clients are numbered like the roster.
func newFullAdversary(t testing.TB, g graph.Graph, colluders set, mutant *mutant) *adversary {
	t.Helper()
	actors := newActors(t, g.Clients, mutant)
	p := newAdversary(t, actors, actors, g, colluders)
	p.observer = observe(t, actors)
	return p
}

// TestAttackExhaustive tries every strategy of a server against four clients. What it
// learns from real clients is what it learns on paper.
func TestAttackExhaustive(t *testing.T) {
	for _, on := range []paper{
		{4, 3, set{}, ""},
		{4, 4, setOf(0), ""},
		{4, 4, setOf(1), ""},
		{4, 4, setOf(2), ""},
		{4, 4, setOf(3), ""},
	} {
		t.Run(fmt.Sprintf("threshold %d, colluders %v", on.threshold, on.colluders), func(t *testing.T) {
			if on.colluders == (set{}) {
				testkit.LongAlone(t)
			}
			known := &memo{adversary: newFullAdversary(t, complete(on.clients, on.threshold), on.colluders, nil), answers: make(map[string]*answered)}
			strategies, learned := 0, 0
			on.strategies(func(views []view) {
				strategies++
				want, err := private(on.model(views), first(on.clients).minus(on.colluders), on.colluders)
				if err != nil {
					t.Fatalf("on paper, with %v: %v", views, err)
				}
				got, err := private(known.model(views), first(on.clients).minus(on.colluders), on.colluders)
				if err != nil || got != want {
					t.Fatalf("with %v the sum over %v can be learned (%v), on paper that over %v", views, got, err, want)
				}
				if got != (set{}) {
					learned++
				}
			})
			t.Logf("%d strategies, of which %d give a sum; %d answers of clients", strategies, learned, len(known.answers))
			if learned == 0 {
				t.Error("no strategy gives a sum: the honest one does")
			}
		})
	}
}

// A memo remembers what real clients do, since most strategies have most messages in
// common.
type memo struct {
	*adversary
	answers map[string]*answered
}

// An answered is a client after a message, and what the adversary has from it.
type answered struct {
	actor  *actor
	upload upload
	heard  []fact
}

// answer gives a message to a copy of a client, if it has not done so for this key.
func (r *memo) answer(key string, from *actor, message func(a *actor) []byte) *answered {
	if k := r.answers[key]; k != nil {
		return k
	}
	k := &answered{actor: from.clone()}
	if reply, err := k.actor.handle(message(k.actor)); err == nil {
		k.heard = r.observer.hear(reply)
	}
	if k.actor.masked != nil {
		k.upload = r.observer.upload(k.actor)
	}
	r.answers[key] = k
	return k
}

// model returns what views give. An answer to counted depends on what the client was told
// itself, and on the statements. An answer to confirmed depends on what the client was
// told, and on who has confirmed.
func (r *memo) model(views []view) *model {
	m := r.observer.m.clone()
	copies := make([]*actor, len(views))
	use := func(i int, k *answered) {
		copies[i], m.seen = k.actor, append(m.seen, k.heard...)
	}
	for _, i := range r.honest() {
		k := r.answer(fmt.Sprint("dealt", i, views[i].dealt), r.told[i], func(a *actor) []byte { return r.dealt(a, views[i]) })
		m.uploads = append(m.uploads, k.upload)
		use(i, k)
	}
	stated := slices.Clone(copies)
	for _, i := range r.honest() {
		key := fmt.Sprint("counted", i, views[i].dealt, views[i].counted)
		for _, j := range views[i].counted.clients() {
			key += fmt.Sprint(views[j].dealt)
		}
		use(i, r.answer(key, copies[i], func(a *actor) []byte { return r.counted(a, views[i], stated) }))
	}
	confirmed := slices.Clone(copies)
	for _, i := range r.honest() {
		key := fmt.Sprint("confirmed", i, views[i].dealt, views[i].counted)
		for j, v := range views {
			key += fmt.Sprint(v.counted.has(i) || r.colluders.has(j))
		}
		use(i, r.answer(key, copies[i], func(a *actor) []byte { return r.confirmed(a, views[i], confirmed) }))
	}
	return m
}

// TestAttackRandom tries random strategies against more clients.
func TestAttackRandom(t *testing.T) {
	adversaries, strategies := 20, 12
	if testkit.Brief() {
		adversaries, strategies = 4, 4
	}
	random := rand.New(rand.NewPCG(3, 4))
	learned, revealed := 0, 0
	for range adversaries {
		n := 4 + random.IntN(5)
		choices := thresholds(n)
		chosen := choices[random.IntN(len(choices))]
		g, err := graph.Plan(n, chosen[1], chosen[0])
		if err != nil {
			t.Fatal(err)
		}
		p := newFullAdversary(t, g, setOf(random.Perm(n)[:random.IntN(chosen[1]+1)]...), nil)
		for range strategies {
			copies, gave := p.run(p.random(random))
			sum, err := p.judge(copies)
			if err != nil {
				t.Fatal(err)
			}
			if sum != (set{}) {
				learned++
			}
			revealed += gave
		}
	}
	t.Logf("%d of %d strategies give a sum, %d clients gave shares", learned, adversaries*strategies, revealed)
	if learned == 0 || learned == adversaries*strategies {
		t.Error("the strategies are all alike")
	}
}

// random returns a strategy. Most clients are told most of the truth, since clients that
// believe nothing give nothing.
func (p *adversary) random(random *rand.Rand) []view {
	n, few := len(p.members), 1+random.IntN(6)
	some := func(from set) (s set) {
		for _, i := range from.clients() {
			if random.IntN(few) != 0 || few == 1 {
				s = s.with(i)
			}
		}
		return s
	}
	views := make([]view, n)
	paper := paper{clients: n, colluders: p.colluders}
	for i := range views {
		views[i].dealt = some(first(n)).with(i)
		if random.IntN(3) == 0 {
			views[i].there = some(first(n).minus(views[i].dealt))
		}
		views[i].confirmed = first(n)
		if random.IntN(3) == 0 {
			views[i].confirmed = some(first(n))
		}
	}
	for i := range views {
		views[i].counted = some(paper.countable(views, i)).with(i)
	}
	return views
}

// TestAttackSparse tries some strategies on a sparse graph: the clients are told of random
// drop-outs, each of others, or they are told that they are two groups.
func TestAttackSparse(t *testing.T) {
	testkit.LongAlone(t)
	const n, corrupt = 104, 5
	g, err := graph.Plan(n, corrupt, 5)
	if err != nil || g.Neighbours == n-1 {
		t.Fatalf("%v, %v: want a sparse graph", g, err)
	}
	random := rand.New(rand.NewPCG(12, 13))
	p := newFullAdversary(t, g, setOf(random.Perm(n)[:corrupt]...), nil)
	half := setOf(random.Perm(n)[:n/2]...)
	everything := view{dealt: first(n), counted: first(n), confirmed: first(n)}
	for _, test := range []struct {
		name string
		view func(client int) view
		sum  bool
	}{
		{"all counted", func(int) view { return everything }, true},
		{"each counts others", func(int) view {
			v := everything
			v.counted = v.counted.minus(setOf(random.Perm(n)[:2]...))
			return v
		}, true},
		{"some masked with others", func(int) view {
			v := everything
			v.dealt = v.dealt.minus(setOf(random.Perm(n)[:4]...))
			return v
		}, false},
		{"two groups", func(client int) view {
			v := everything
			if v.counted = half; !half.has(client) {
				v.counted = first(n).minus(half)
			}
			return v
		}, false},
	} {
		views := make([]view, n)
		for i := range views {
			views[i] = test.view(i)
			views[i].dealt, views[i].counted = views[i].dealt.with(i).or(p.colluders), views[i].counted.with(i).or(p.colluders)
		}
		paper := paper{clients: n, colluders: p.colluders}
		for i := range views {
			views[i].counted = views[i].counted.and(paper.countable(views, i))
		}
		copies, revealed := p.run(views)
		sum, err := p.judge(copies)
		if err != nil || (sum != (set{})) != test.sum {
			t.Errorf("%s: the sum over %v can be learned, %v", test.name, sum, err)
		}
		t.Logf("%v, %s: %d clients gave shares, the sum over %d can be learned", g, test.name, revealed, sum.size())
	}
}

// TestAttackRosters tells two rosters to two groups of clients. Both have a colluder, and
// clients of the other group, who seem to drop out. Each roster can give one sum.
func TestAttackRosters(t *testing.T) {
	sums, err := twoRosters(t, nil)
	if want := []set{setOf(0, 1, 2, 3), setOf(5, 6, 7, 8)}; err != nil || !slices.Equal(sums, want) {
		t.Errorf("the sums over %v can be learned, want %v: %v", sums, want, err)
	}
}

// twoRosters returns the sums that can be learned with two rosters of six clients each.
func twoRosters(t *testing.T, mutant *mutant) ([]set, error) {
	actors := newActors(t, 9, mutant)
	colluders := setOf(4)
	var adversaries []*adversary
	var copies []*actor
	for _, group := range [][]int{{0, 1, 2, 3, 4, 5}, {4, 5, 6, 7, 8, 3}} {
		var members []*actor
		for _, i := range group {
			members = append(members, actors[i].clone())
		}
		p := newAdversary(t, members, members[:5], complete(6, 5), colluders)
		adversaries, copies = append(adversaries, p), append(copies, present(members[:5])...)
	}
	o := observe(t, copies)
	copies = nil
	for _, p := range adversaries {
		p.observer = o
		v := view{confirmed: first(6)}
		for i := range p.told {
			v.dealt, v.counted = v.dealt.with(i), v.counted.with(i)
		}
		played, revealed := p.run(slices.Repeat([]view{v}, 6))
		if revealed != 4 {
			t.Errorf("%d clients gave shares, want 4", revealed)
		}
		copies = append(copies, present(played)...)
	}
	learned, err := sums(o.round(copies).learns(colluders))
	if err != nil {
		return nil, err
	}
	return learned, oneEach(learned, adversaries)
}

// oneEach checks that there is one sum for each roster that clients have signed, over at
// least three and more than half of the honest clients.
func oneEach(learned []set, adversaries []*adversary) error {
	honest := make(map[digest]set)
	for _, p := range adversaries {
		for _, i := range p.honest() {
			signed := p.told[i].roster.digest
			for _, a := range p.members {
				honest[signed] = honest[signed].with(a.number).minus(p.colluders)
			}
		}
	}
	used := make(map[digest]bool)
	for _, sum := range learned {
		found := false
		for signed, members := range honest {
			if sum.minus(members) == (set{}) && sum.size() >= 3 && 2*sum.size() > members.size() && !used[signed] {
				used[signed], found = true, true
				break
			}
		}
		if !found {
			return fmt.Errorf("the sum over %v can be learned, of the sums over %v", sum, learned)
		}
	}
	return nil
}
