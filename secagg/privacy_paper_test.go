// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// This file tests the protocol on paper: the rules that docs/secagg.md gives to clients,
// as sets, against a server that tells each client something else. It is fast enough
// for every strategy with four clients. The tests of real clients in
// privacy_server_test.go and privacy_attack_test.go show that the code has these rules.

// A law is a rule of the protocol that a mutant of it lacks.
type law string

const (
	oneKind         law = "one kind of share of each dealer"
	confirmations   law = "confirmations of a threshold of holders before any share"
	namedOnly       law = "only those count who have masked with the holder"
	selfMasks       law = "a mask of its own in each vector"
	independentKeys law = "a key for shares that does not come from the mask secret"
	highThreshold   law = "a threshold that the check of the graph accepts"
)

// A view is what the server makes one client believe, as sets of indices in the roster.
type view struct {
	dealt     set // whose deals it gets; itself is always in it
	there     set // those whose deals it does not get, and who are said to have dealt
	counted   set // whose statements it gets; itself is always in it
	confirmed set // whose confirmations it gets, as far as there are any
}

func (v view) String() string {
	return fmt.Sprintf("dealt %v, there %v, counted %v, confirmed %v", v.dealt, v.there, v.counted, v.confirmed)
}

// A paper is a round on the complete graph.
type paper struct {
	clients, threshold int
	colluders          set
	lacks              law
}

// reveals reports whether an honest client gives shares: enough of its holders have
// confirmed it. Colluders confirm everything, and the server forwards all it has.
func (p paper) reveals(views []view, client int) bool {
	if p.lacks == confirmations {
		return true
	}
	confirmed := p.colluders.size()
	for h, v := range views {
		if !p.colluders.has(h) && v.counted.has(client) {
			confirmed++
		}
	}
	return confirmed >= p.threshold
}

// model returns the round after everything that the clients give in these views.
func (p paper) model(views []view) *model {
	m := newModel()
	for i := range p.clients {
		var holders [2][]fact
		for h := range p.clients {
			m.allow(m.fact("self share %d %d", i, h), 1, m.fact("share key %d", h))
			holders[selfKind] = append(holders[selfKind], m.fact("self share %d %d", i, h))
			if h != i {
				m.allow(m.fact("mask share %d %d", i, h), 1, m.fact("share key %d", h))
				holders[maskKind] = append(holders[maskKind], m.fact("mask share %d %d", i, h))
				m.allow(m.fact("edge %d %d", min(i, h), max(i, h)), 1, m.fact("mask %d", i))
			}
		}
		m.allow(m.fact("mask %d", i), p.threshold, holders[maskKind]...)
		m.allow(m.fact("self %d", i), p.threshold, holders[selfKind]...)
		m.owned[i] = []fact{m.fact("mask %d", i), m.fact("self %d", i), m.fact("share key %d", i)}
		if p.lacks == independentKeys {
			m.allow(m.fact("share key %d", i), 1, m.fact("mask %d", i))
		}
		if !p.colluders.has(i) {
			m.uploads = append(m.uploads, p.upload(m, views[i], i))
			p.reveal(m, views, i)
		}
	}
	return m
}

func (p paper) upload(m *model, v view, client int) upload {
	u := upload{client: client}
	if p.lacks != selfMasks {
		u.masks = append(u.masks, term{m.fact("self %d", client), 1})
	}
	for _, j := range v.dealt.clients() {
		switch {
		case j < client:
			u.masks = append(u.masks, term{m.fact("edge %d %d", j, client), -1})
		case j > client:
			u.masks = append(u.masks, term{m.fact("edge %d %d", client, j), 1})
		}
	}
	return u
}

func (p paper) reveal(m *model, views []view, holder int) {
	if !p.reveals(views, holder) {
		return
	}
	for _, i := range views[holder].dealt.clients() {
		counts := views[holder].counted.has(i)
		if counts || p.lacks == oneKind {
			m.seen = append(m.seen, m.fact("self share %d %d", i, holder))
		}
		if i != holder && (!counts || p.lacks == oneKind) {
			m.seen = append(m.seen, m.fact("mask share %d %d", i, holder))
		}
	}
}

// countable returns whom a client may count, given what everybody believes about the
// deal: those who have dealt to it and who masked with it.
func (p paper) countable(views []view, client int) set {
	may := views[client].dealt
	for _, i := range may.clients() {
		if !p.colluders.has(i) && !views[i].dealt.has(client) && p.lacks != namedOnly {
			may = may.minus(setOf(i))
		}
	}
	return may
}

// strategies calls f with every strategy of a server that honest clients accept: each set
// of dealers and each set of counted ones that it can tell to each of them.
func (p paper) strategies(f func(views []view)) {
	views := make([]view, p.clients)
	everybody := first(p.clients)
	var counted, dealt func(client int)
	counted = func(client int) {
		switch {
		case client == p.clients:
			f(views)
		case p.colluders.has(client):
			counted(client + 1)
		default:
			for _, s := range p.countable(views, client).subsets() {
				if s.has(client) {
					views[client].counted = s
					counted(client + 1)
				}
			}
		}
	}
	dealt = func(client int) {
		switch {
		case client == p.clients:
			counted(0)
		case p.colluders.has(client):
			dealt(client + 1)
		default:
			for _, s := range everybody.subsets() {
				if s.has(client) && s.size() >= p.threshold {
					views[client] = view{dealt: s, confirmed: everybody}
					dealt(client + 1)
				}
			}
		}
	}
	dealt(0)
}

// search looks for a strategy that breaks privacy, and returns how it does.
func (p paper) search(random *rand.Rand, tries int) error {
	views := make([]view, p.clients)
	for range tries {
		for i := range views {
			views[i].dealt = randomSet(random, p.clients).with(i).or(p.colluders)
		}
		for i := range views {
			views[i].counted = randomSet(random, p.clients).with(i).and(p.countable(views, i))
		}
		if _, err := private(p.model(views), first(p.clients).minus(p.colluders), p.colluders); err != nil {
			return fmt.Errorf("%w, with %v", err, views)
		}
	}
	return nil
}

// randomSet returns a set of up to n clients, where large ones are as likely as small ones.
func randomSet(random *rand.Rand, n int) (s set) {
	of := random.IntN(n + 1)
	for i := range n {
		if random.IntN(n) < of {
			s = s.with(i)
		}
	}
	return s
}

// TestPaperMutants requires that random strategies break each mutant of the protocol, and
// never the protocol.
func TestPaperMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, p := range []paper{{4, 3, set{}, ""}, {5, 4, setOf(2), ""}, {6, 5, setOf(0, 3), ""}, {7, 5, setOf(4, 6), ""}} {
		if err := p.search(random, 3000); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for _, p := range []paper{
		{5, 4, set{}, oneKind},
		{5, 4, setOf(1), confirmations},
		{6, 5, setOf(0, 3), namedOnly},
		{5, 4, set{}, selfMasks},
		{7, 5, setOf(4, 6), independentKeys},
		{6, 3, setOf(1), highThreshold},
	} {
		if err := p.search(random, 100000); err == nil {
			t.Errorf("without %q no strategy found that breaks it", p.lacks)
		} else {
			t.Logf("without %q: %v", p.lacks, err)
		}
	}
}
