// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/secagg/internal/mask"
)

// This file shows that the symbolic test can fail: it breaks each mutant of the protocol
// with the strategy that the missing law is there for. Seven clients, of which 5 and 6
// are colluders, and a threshold of 5, the lowest that the check accepts.

var mutantColluders = setOf(5, 6)

// views returns the strategy in which each client believes that all have dealt, and
// counts these.
func views(counted ...set) (list []view) {
	for _, c := range counted {
		list = append(list, view{dealt: first(7), counted: c.or(mutantColluders), confirmed: first(7)})
	}
	return append(list, view{}, view{}) // the colluders do not mind
}

// forAll returns five times s.
func forAll(s set) []set { return slices.Repeat([]set{s}, 5) }

// resign returns a message with another body.
func (a *actor) resign(message, body []byte) []byte {
	m, _, err := cutSigned(message)
	if err != nil {
		panic(err)
	}
	again, err := sign(a.id, m.step, m.binding, body)
	if err != nil {
		panic(err)
	}
	return again
}

// changeRoster gives a client a roster of its own, which it then goes by.
func (a *actor) changeRoster(change func(r *roster)) {
	r := *a.roster
	change(&r)
	a.roster = &r
}

var (
	// bothKinds gives both shares of each dealer.
	bothKinds = &mutant{after: func(a *actor, step Step, reply []byte) []byte {
		if step != StepConfirmed {
			return reply
		}
		body := slices.Clone(a.ownShare[:])
		for _, d := range a.dealt {
			body = slices.Concat(body, d.shares[maskKind][:], d.shares[selfKind][:])
		}
		return a.resign(reply, body)
	}}

	// dependentKeys derives the key for shares from the mask secret.
	dependentKeys = &mutant{after: func(a *actor, step Step, reply []byte) []byte {
		if step != StepInvitation {
			return reply
		}
		seed := a.keys.secrets[maskKind].derive("share-key", a.binding[:])
		var err error
		if a.keys.shares, err = boxKEM.NewPrivateKey(seed[:]); err != nil {
			panic(err)
		}
		return a.resign(reply, a.keys.advertisement())
	}}

	// noSelfMask leaves out the mask of its own.
	noSelfMask = &mutant{after: func(a *actor, step Step, reply []byte) []byte {
		if step != StepDealt {
			return reply
		}
		self := selfMaskKey(a.roster.digest, &a.secrets.secrets[selfKind])
		mask.Apply(a.masked, 0, tiny.Width, []*mask.Mask{mask.New(&self, true)})
		h := sha256.Sum256(a.masked)
		return a.resign(reply, append(h[:], encodeIndices(a.Client.masked)...))
	}}

	// noConfirmations gives shares without anybody's confirmation.
	noConfirmations = &mutant{before: func(a *actor, step Step) {
		if step == StepConfirmed {
			a.changeRoster(func(r *roster) { r.graph.Threshold = 1 })
		}
	}}

	// lowThreshold shares its secrets with one less than the check accepts.
	lowThreshold = &mutant{after: func(a *actor, step Step, reply []byte) []byte {
		if step == StepRoster {
			a.changeRoster(func(r *roster) { r.graph.Threshold-- })
		}
		return reply
	}}

	// anyRoster does not sign which roster it was told, or seal anything for it alone.
	anyRoster = &mutant{after: func(a *actor, step Step, reply []byte) []byte {
		if step != StepRoster {
			return reply
		}
		a.changeRoster(func(r *roster) { r.digest = digest{} })
		reply, err := a.sign(StepDraw, encodeIndices(a.holders))
		if err != nil {
			panic(err)
		}
		return reply
	}}
)

// TestMutants requires that each mutant loses what the protocol keeps. The same strategy
// gives at most one sum against clients that are no mutants.
func TestMutants(t *testing.T) {
	everybody, rest := first(7), setOf(1, 2, 3, 4)
	namesLess := views(setOf(0), everybody, everybody, setOf(0, 3, 4), setOf(0, 3, 4))
	namesLess[0].dealt = setOf(0, 1, 2, 5, 6)
	split := views(setOf(0, 1, 2, 3), setOf(0, 1, 2, 3), setOf(1, 2, 3), setOf(1, 2, 3), everybody)
	honest := newFullAdversary(t, complete(7, 5), mutantColluders, nil)
	for _, test := range []struct {
		lacks    law
		mutant   *mutant
		unnamed  bool
		strategy []view
	}{
		{oneKind, bothKinds, false, views(forAll(everybody)...)},
		// Client 4 seems to drop out. Its mask secret opens the shares that it holds, so it
		// is one more colluder, and the others give these both kinds of shares of client 0.
		{independentKeys, dependentKeys, false, split},
		// The vector of client 0 comes late, and its mask secret is given away.
		{selfMasks, noSelfMask, false, views(forAll(rest)...)},
		// Clients 0 to 2 give the self secret of client 0, and everybody gives the mask
		// secrets of all others.
		{confirmations, noConfirmations, false, views(setOf(0), setOf(0), setOf(0), set{}, set{})},
		// Client 0 masks with 1 and 2 only, whose mask secrets 0, 3 and 4 give away. They give
		// its self secret as well.
		{namedOnly, nil, true, namesLess},
		// With two colluders and two honest clients each, both kinds of shares are enough.
		{highThreshold, lowThreshold, false, split},
	} {
		t.Run(string(test.lacks), func(t *testing.T) {
			copies, _ := honest.played(test.strategy)
			if copies.err != nil {
				t.Errorf("without a mutant: %v", copies.err)
			}
			p := newFullAdversary(t, complete(7, 5), mutantColluders, test.mutant)
			p.unnamed = test.unnamed
			mutants, revealed := p.played(test.strategy)
			if mutants.err == nil {
				t.Errorf("the mutant passes: %v can be learned, %d gave shares", mutants.sum, revealed)
			}
			t.Logf("mutants: %v; otherwise the sum over %v", mutants.err, copies.sum)
		})
	}
}

// TestColluderTooMany requires that the check of the graph is not stricter than it must be:
// with one colluder more than it accepts, a strategy breaks the protocol.
func TestColluderTooMany(t *testing.T) {
	g, too := complete(7, 5), setOf(4, 5, 6)
	if err := g.Check(too.size() - 1); err != nil {
		t.Error(err)
	}
	if g.Check(too.size()) == nil {
		t.Errorf("%v passes with %d colluders", g, too.size())
	}
	strategy := views(setOf(0, 1, 2, 3, 4), setOf(0, 1, 2, 3, 4), setOf(1, 2, 3, 4), setOf(1, 2, 3, 4), set{})
	verdict, _ := newFullAdversary(t, g, too, nil).played(strategy)
	if verdict.err == nil {
		t.Errorf("the sum over %v can be learned, and no more", verdict.sum)
	}
}

// verdict is what judge returns.
type verdict struct {
	sum set
	err error
}

func (p *adversary) played(strategy []view) (verdict, int) {
	copies, revealed := p.run(strategy)
	sum, err := p.judge(copies)
	return verdict{sum, err}, revealed
}

// TestMutantRoster requires that clients which do not bind their messages to a roster give
// several sums of what they take for one round.
func TestMutantRoster(t *testing.T) {
	learned, err := twoRosters(t, anyRoster)
	if err == nil {
		t.Errorf("the mutant passes: %v can be learned", learned)
	}
}

// TestMutantAdvertisements requires that a client which takes any keys for those of other
// clients loses everything: the server has made them. The keys are signed here, which
// stands for a client that does not verify them.
func TestMutantAdvertisements(t *testing.T) {
	victim := newActors(t, 7, nil)[:1]
	terms := victim[0].terms
	forged := invited(t, serverBytes(StepInvitation, terms.digest(), terms.marshal()), 7, nil)[1:]
	colluders := mutantColluders
	for _, a := range forged {
		a.number += 64
		colluders = colluders.with(a.number)
	}
	p := newAdversary(t, append(slices.Clone(victim), forged...), victim, complete(7, 5), colluders)
	p.observer = observe(t, append(slices.Clone(victim), forged...))
	copies, _ := p.run([]view{0: {dealt: setOf(0), there: first(7)}, 6: {}})
	sum, err := p.judge(copies)
	if err == nil || sum != setOf(0) {
		t.Errorf("the mutant passes: %v can be learned, %v", sum, err)
	}
}
