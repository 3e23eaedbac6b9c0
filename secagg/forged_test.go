// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"slices"
)

// This file makes those messages of refusedFile that need secrets of a participant, or more than
// one change.

// forging is a client that is told what another one has signed wrongly.
type forging struct {
	*recording
	list []refusal
	name string // of the recording
}

// line returns the message of a side and step that participant 0 gets or sends.
func (r *recording) line(step Step, who int) []byte {
	return r.lines[slices.IndexFunc(r.lines, func(l line) bool { return l.step() == step && l.who == who })].message
}

// add adds a message that is refused by client 0, which waits for it.
func (f *forging) add(name string, message []byte, reason string, blames int) {
	f.list = append(f.list, refusal{name: name, round: f.name, by: "client", after: f.linesBefore(must(StepOf(message)), 0),
		message: message, reason: reason}.about(f.recording, blames))
}

// signed returns a message that a participant has signed.
func (r *recording) sign(who int, step Step, binding digest, body []byte) []byte {
	return must(sign(identityOf(r.parts[who].bytes("identity")), step, binding, body))
}

// liar is who deals wrongly to client 0 in the round of three.
const liar = 1

// deal returns the deal of a dealer for client 0 in the round of three, and its item.
func (f *forging) deal(dealer int) (signed, item) {
	m, items, err := cutSigned(f.line(StepDeal, dealer))
	if err != nil {
		panic(err)
	}
	return m, parseItem(bytes.Clone(items[:itemSize]))
}

// lie returns what client 0 is told if an item was changed, and signed again.
func (f *forging) lie(change func(it *item)) []byte {
	m, it := f.deal(liar)
	s := must(parseSummary(f.roster(), liar, m.body))
	change(&it)
	s.leaves[0] = leafOf(it.marshal())
	return f.dealt(append(f.sign(liar, m.step, m.binding, s.marshal()), it.marshal()...))
}

// dealt returns what client 0 is told, with another deal in the place of the liar's.
func (f *forging) dealt(deal []byte) []byte {
	m, it := f.deal(liar)
	return f.replaced(StepDealt, append(m.raw, it.marshal()...), deal)
}

// replaced returns a message for client 0 with the first old bytes replaced by new ones.
func (f *forging) replaced(step Step, old, new []byte) []byte {
	message := f.line(step, 0)
	if !bytes.Contains(message, old) {
		panic("what is to be replaced is not there")
	}
	return bytes.Replace(message, old, new, 1)
}

// seal seals something for client 0, as its dealer would.
func (f *forging) seal(label string, inside []byte) []byte {
	k := f.keysOf(f.parts[0])
	key := k.shares.PublicKey()
	if label == "edge-box" {
		key = k.mask.PublicKey()
	}
	return must(seal(key, label, route{f.roster().digest, liar, 0}, inside))
}

func forgedForClient(l *listening) []refusal {
	f := &forging{recording: l.recording, name: "round-3"}
	roster, other := f.roster().digest, digest{1}
	advert := f.line(StepAdvertisement, liar)
	f.add("peers-other-terms", f.replaced(StepPeers, advert, f.sign(liar, StepAdvertisement, other, advert[clientHead:][:advertisementSize])), "round", relayed+liar)
	f.add("peers-too-many", append(f.line(StepPeers, 0), advert...), "message", nobody)

	m, it := f.deal(liar)
	_, foreign := f.deal(2)
	raw := it.marshal()
	f.add("dealt-other-roster", f.dealt(append(f.sign(liar, StepDeal, other, m.body), raw...)), "round", relayed+liar)
	f.add("dealt-other-shares", f.lie(func(it *item) { it.shares = f.seal("share-box", make([]byte, 2*secretSize)) }), "share", liar)
	f.add("dealt-shares-box", f.lie(func(it *item) { it.shares[0] ^= 1 }), "share", liar)
	f.add("dealt-edge-box", f.lie(func(it *item) { it.edge[edgeBoxSize-1] ^= 1 }), "share", liar)
	// With the shares of client 2 under another name, the client would give both kinds.
	f.add("dealt-shares-of-another-dealer", f.lie(func(it *item) { it.shares, it.hashes = foreign.shares, foreign.hashes }), "share", liar)
	f.add("dealt-edge-of-another-dealer", f.lie(func(it *item) { it.edge = foreign.edge }), "share", liar)
	// Without the leaf in the summary, the server could choose the masks.
	sealed := it
	sealed.edge = f.seal("edge-box", make([]byte, 32))
	f.add("dealt-edge-of-the-server", f.dealt(append(bytes.Clone(m.raw), sealed.marshal()...)), "message", relayed+liar)
	_, items, _ := cutSigned(f.line(StepDeal, liar))
	f.add("dealt-item-of-another-holder", f.dealt(append(bytes.Clone(m.raw), items[itemSize:]...)), "message", relayed+liar)

	statement, confirmation := f.line(StepMasked, liar), f.line(StepConfirmation, liar)
	m, _, _ = cutSigned(statement)
	f.add("counted-other-roster", f.replaced(StepCounted, statement, f.sign(liar, StepMasked, other, m.body)), "round", relayed+liar)
	f.add("counted-confirmation", f.replaced(StepCounted, statement, confirmation), "step", relayed+liar)
	f.add("counted-mine", serverBytes(StepCounted, roster, append(f.line(StepMasked, 0), f.line(StepCounted, 0)[serverHead:]...)), "message", relayed+0)
	m, _, _ = cutSigned(confirmation)
	f.add("confirmed-other-roster", f.replaced(StepConfirmed, confirmation, f.sign(liar, StepConfirmation, other, m.body)), "round", relayed+liar)
	f.add("confirmed-mine", serverBytes(StepConfirmed, roster, append(f.line(StepConfirmation, 0), confirmation...)), "message", relayed+0)
	return f.list
}

// forgedInEight returns messages in the round of eight, to client 0 and to the server.
func forgedInEight(r *recording) []refusal {
	const outsider, gone = 2, 4 // who never answered, and who went before its deal
	f := &forging{recording: r, name: "round-8-early"}
	roster := r.roster().digest
	everybody := encodeIndices([]int{0, 1, 2, 4, 5, 6, 7})
	stated := append(make([]byte, 32), everybody...)
	f.add("counted-not-in-roster", append(f.line(StepCounted, 0), f.sign(outsider, StepMasked, roster, stated)...), "message", relayed+outsider)
	f.add("counted-without-deal", f.counted(f.sign(gone, StepMasked, roster, stated)), "message", relayed+gone)
	f.add("confirmed-not-in-roster", append(f.line(StepConfirmed, 0), f.sign(outsider, StepConfirmation, roster, everybody)...), "message", relayed+outsider)
	f.add("confirmed-without-deal", f.confirmed(f.sign(gone, StepConfirmation, roster, everybody)), "message", relayed+gone)
	for step := StepMasked; step <= StepReveal; step += 2 {
		body := make([]byte, 32)
		f.list = append(f.list, refusal{name: step.String() + "-of-one-that-is-gone", round: f.name, by: "server", who: gone,
			after: r.linesBefore(step, -1), message: r.sign(gone, step, roster, body), reason: "step"}.about(r, gone))
	}
	return f.list
}

// counted and confirmed return messages for client 0 with one message more, in its place.
func (f *forging) counted(more []byte) []byte   { return f.with(StepCounted, StepMasked, more) }
func (f *forging) confirmed(more []byte) []byte { return f.with(StepConfirmed, StepConfirmation, more) }

func (f *forging) with(step, inside Step, more []byte) []byte {
	var body []byte
	m, _, _ := cutSigned(more)
	for i := range f.parts {
		switch fingerprint := f.fingerprint(i); {
		case fingerprint == m.signer:
			body = append(body, more...)
		case i > 0 && slices.ContainsFunc(f.lines, func(l line) bool { return l.who == i && l.step() == inside }):
			body = append(body, f.line(inside, i)...)
		}
	}
	return serverBytes(step, f.roster().digest, body)
}

// inSparse returns messages to a client in a sparse graph.
func inSparse() []refusal {
	f := &forging{recording: readRecording("client-100.txt"), name: "client-100"}
	dealt := f.line(StepDealt, 0)
	drawn := f.parts[0].list("drawn")
	// The last index in the message is of a holder. The last client of the roster is none.
	last := len(dealt) - 2
	f.add("dealt-holder-not-drawn", append(bytes.Clone(dealt[:last]), index16(99)...), "message", nobody)
	f.add("dealt-holder-twice", append(bytes.Clone(dealt), dealt[last:]...), "message", nobody)
	f.add("dealt-without-holder", dealt[:last], "message", nobody)
	if slices.Contains(drawn, 99) {
		panic("the client has drawn the last one: choose another client to record")
	}
	return f.list
}
