// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// TestDealerBlamed requires that shares of no secret are found out in the end, and who has dealt
// them.
func TestDealerBlamed(t *testing.T) {
	const dealer = 3
	for name, test := range map[string]struct {
		mutant *mutant
		last   Step
	}{
		"a commitment to another self secret": {&mutant{after: func(a *actor, step Step, reply []byte) []byte {
			if step != StepPeers {
				return reply
			}
			m, items, err := cutSigned(reply)
			if err != nil {
				panic(err)
			}
			return append(a.resign(m.raw, append(bytes.Repeat([]byte{1}, 32), m.body[32:]...)), items...)
		}}, StepReveal},
		"a mask secret that is not that of its key": {&mutant{before: func(a *actor, step Step) {
			if step == StepPeers {
				a.keys.secrets[maskKind] = newSecret()
			}
		}}, StepDeal},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario{dropped: 1, last: slices.Repeat([]Step{StepReveal}, 4), encoding: tiny, mutants: map[int]*mutant{dealer: test.mutant}}
			s.last[dealer] = test.last
			d := simulate(t, s)
			var blame *ClientError
			if !errors.Is(d.err, ErrShare) || !errors.As(d.err, &blame) || blame.Client != d.actors[dealer].id.Fingerprint() {
				t.Errorf("%v, want the error %q that names the dealer", d.err, ErrShare)
			}
		})
	}
}

// TestDealForOthers requires that the server takes no deal for others than those that the client
// has drawn. In the graph there must be others.
func TestDealForOthers(t *testing.T) {
	c := newCollecting()
	s := c.before[StepDeal].clone()
	sparse := *s.roster
	sparse.graph.Neighbours--
	s.roster = &sparse
	s.clients[c.fingerprint(0)].holders = first(7).minus(setOf(0)).clients() // without 7
	m, items, err := cutSigned(c.line(StepDeal, 0))
	if err != nil {
		t.Fatal(err)
	}
	for but := range 7 { // the deal is for all others but one
		from, to := 32+but*summaryEntry, 32+(but+1)*summaryEntry
		body := slices.Concat(m.body[:from], m.body[to:])
		deal := append(c.sign(0, StepDeal, m.binding, body), slices.Concat(items[:but*itemSize], items[(but+1)*itemSize:])...)
		want := ErrMessage
		if but == 6 {
			want = nil
		}
		if _, err := s.clone().Receive(deal); !errors.Is(err, want) {
			t.Errorf("without index %d: %v, want %v", but+1, err, want)
		}
	}
}

// TestDroppedBeyondClients requires that any number of drop-outs is taken for what can be planned, in
// no time.
func TestDroppedBeyondClients(t *testing.T) {
	for _, dropped := range []int{math.MinInt, -1, 0, 1, 5, math.MaxInt} {
		w := newWorld(t, 4, -1, 0, tiny)
		w.server.config.Dropped = dropped
		w.until(t, StepDraw)
		if got := w.server.Graph().Threshold; got != 3 {
			t.Errorf("%d may drop out: the threshold is %d, want 3", dropped, got)
		}
	}
}

// TestWrongOwnShare requires that a client cannot end the round by a wrong share of its own, which
// nobody can verify, if there are enough of others.
func TestWrongOwnShare(t *testing.T) {
	w := newWorld(t, 4, -1, 0, tiny)
	for f, message := range w.until(t, StepReveal) {
		c := w.clients[f]
		reply := must(c.Handle(message))
		if c.self == 0 { // whose share would be the first one
			m, _, err := cutSigned(reply)
			if err != nil {
				t.Fatal(err)
			}
			m.body[0] ^= 1
			reply = must(c.sign(StepReveal, m.body))
		}
		if _, err := w.server.Receive(reply); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.server.Advance(); err != nil {
		t.Error(err)
	}
}

// TestWithoutVector requires that a statement is not taken without its vector, and that no other
// message is taken for one.
func TestWithoutVector(t *testing.T) {
	c := newCollecting()
	if _, err := c.before[StepMasked].clone().Receive(c.line(StepMasked, 0)); !errors.Is(err, ErrStep) {
		t.Errorf("a statement alone: %v, want %q", err, ErrStep)
	}
	if _, err := c.before[StepDraw].clone().ReceiveMasked(c.line(StepDraw, 0), bytes.NewReader(nil)); !errors.Is(err, ErrMessage) {
		t.Errorf("a draw with a vector: %v, want %q", err, ErrMessage)
	}
}

// TestEnoughShares requires that the last step waits for nobody when all secrets can be restored,
// each from the shares of others, and not before.
func TestEnoughShares(t *testing.T) {
	w := newWorld(t, 8, -1, 0, tiny) // with a threshold of 6
	left := 8
	for f, message := range w.until(t, StepReveal) {
		if got := len(w.server.Waiting()); got != left {
			t.Errorf("it waits for %d clients, want %d", got, left)
		}
		if err := w.deliver(f, message); err != nil {
			t.Fatal(err)
		}
		if left--; left == 1 {
			break
		}
	}
	if waiting := w.server.Waiting(); waiting != nil {
		t.Errorf("it waits for %v", waiting)
	}
	if _, err := w.server.Advance(); err != nil {
		t.Error(err)
	}
}

// TestMessagesShareParts requires that the messages of a step take hardly more memory than what
// the clients have sent, however many of them get that.
func TestMessagesShareParts(t *testing.T) {
	w := newWorld(t, 8, -1, 0, tiny)
	for f, message := range w.until(t, StepDeal) {
		if err := w.deliver(f, message); err != nil {
			t.Fatal(err)
		}
	}
	sent := 0
	for _, p := range w.server.clients {
		sent += len(p.said[StepDeal]) + len(p.items)*itemSize
	}
	parts, length := make(map[*byte]int), 0
	for _, m := range must(w.server.Advance()) {
		length += m.Len()
		for _, part := range m {
			parts[unsafe.SliceData(part)] = len(part)
		}
		if m.Len() != len(m.Bytes()) {
			t.Errorf("a message of %d bytes has the length %d", len(m.Bytes()), m.Len())
		}
	}
	memory := 0
	for _, n := range parts {
		memory += n
	}
	if most := sent + 8*100; memory > most || length < 2*memory {
		t.Errorf("%d bytes in messages of %d bytes; the clients have sent %d", memory, length, sent)
	}
}
