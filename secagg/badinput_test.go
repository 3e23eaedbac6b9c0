// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// The clients of the tests of refusals: five in the roster, a threshold of four, and one
// member more that is not in the roster. Everything is told to one victim.
const (
	victim   = 2
	liar     = 3 // signs what is wrong
	outsider = 5
)

// refusals is a round in which each message to the victim is ready.
type refusals struct {
	*adversary
	everybody view
	copies    []*actor        // the others, who have done everything
	before    map[Step]*actor // the victim, before a message
	message   map[Step][]byte // that message
	stranger  *actor          // a member that is not in the roster
	other     *adversary      // another roster of the same round
}

func newRefusals(t *testing.T) *refusals {
	actors := newActors(t, 6, nil)
	five := actors[:5]
	r := &refusals{everybody: view{dealt: first(5), counted: first(5), confirmed: first(5)}, before: make(map[Step]*actor),
		message: make(map[Step][]byte), stranger: actors[outsider]}
	var apart []*actor
	for _, a := range actors {
		apart = append(apart, a.clone())
	}
	r.other = newAdversary(t, apart, apart, complete(6, 5), set{})
	r.invitation(t)
	v := five[victim].clone()
	r.adversary = newAdversary(t, five, five, complete(5, 4), set{})
	r.observer = observe(t, five)
	r.copies, _ = r.run(slices.Repeat([]view{r.everybody}, 5))
	for _, step := range []Step{StepRoster, StepPeers, StepDealt, StepCounted, StepConfirmed} {
		r.before[step], r.message[step] = v.clone(), r.honestMessage(v, step)
		if _, err := v.handle(r.message[step]); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// invitation adds the invitation, and a client that has not got it.
func (r *refusals) invitation(t *testing.T) {
	told := r.stranger
	c, err := NewClient(ClientConfig{Identity: told.id, Members: publics(identities(t, 6)), Floors: Floors{Corrupt: noneIfZero(0), Length: tiny.Length,
		Clip: tiny.Clip, FractionBits: tiny.FractionBits}})
	if err != nil {
		t.Fatal(err)
	}
	r.before[StepInvitation] = &actor{Client: c, id: told.id}
	r.message[StepInvitation] = serverMessage(StepInvitation, told.binding, told.terms.marshal())
}

// honestMessage returns the right message to the victim, which has its own idea of its
// secrets since it was copied before it dealt.
func (r *refusals) honestMessage(v *actor, step Step) []byte {
	switch step {
	case StepRoster:
		return serverMessage(StepRoster, v.binding, r.roster.marshal())
	case StepPeers:
		var adverts []byte
		for _, h := range v.holders {
			adverts = append(adverts, r.members[h].said[StepAdvertisement]...)
		}
		return serverMessage(StepPeers, v.roster.digest, adverts)
	case StepDealt:
		return r.dealt(v, r.everybody)
	case StepCounted:
		return r.counted(v, r.everybody, r.copies)
	default:
		return r.confirmed(v, r.everybody, r.copies)
	}
}

// replaced returns a message with the first old bytes replaced by new ones.
func (r *refusals) replaced(step Step, old, new []byte) []byte {
	if !bytes.Contains(r.message[step], old) {
		r.t.Fatalf("the %v message does not have what is to be replaced", step)
	}
	return bytes.Replace(r.message[step], old, new, 1)
}

// forged returns a message of a client with a changed last byte, which is of its signature.
func forged(message []byte) []byte {
	message = bytes.Clone(message)
	message[len(message)-1] ^= 1
	return message
}

// said returns what client i has said.
func (r *refusals) said(i int, step Step) []byte { return r.copies[i].said[step] }

// lie returns the deal of the liar to the victim, with an item that it has changed and
// signed again.
func (r *refusals) lie(change func(it *item)) (old, new []byte) {
	l := r.told[liar]
	m, items, err := cutSigned(l.said[StepDeal])
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := parseSummary(l.roster, l.self, m.body)
	if err != nil {
		r.t.Fatal(err)
	}
	at, _ := slices.BinarySearch(s.holders, victim)
	it := parseItem(bytes.Clone(items[at*itemSize:][:itemSize]))
	change(&it)
	s.leaves[at] = leafOf(it.marshal())
	return l.dealTo(victim), append(l.resign(m.raw, s.marshal()), it.marshal()...)
}

// resealed returns a box of the liar to the victim with other shares.
func (r *refusals) resealed(shares []byte) []byte {
	box, err := seal(r.before[StepDealt].keys.shares.PublicKey(), "share-box", route{r.roster.digest, liar, victim}, shares)
	if err != nil {
		r.t.Fatal(err)
	}
	return box
}

// serverItem returns an item with an edge key that anybody can seal.
func (r *refusals) serverItem(raw []byte) []byte {
	it := parseItem(bytes.Clone(raw))
	box, err := seal(r.before[StepDealt].keys.mask.PublicKey(), "edge-box", route{r.roster.digest, liar, victim}, make([]byte, 32))
	if err != nil {
		r.t.Fatal(err)
	}
	it.edge = box
	return it.marshal()
}

// rosterOf returns the message of a roster.
func (r *refusals) rosterOf(threshold int, entries ...entry) []byte {
	binding := r.before[StepRoster].binding
	return serverMessage(StepRoster, binding, newRoster(binding, complete(len(entries), threshold), entries).marshal())
}

// nobody is to blame.
const nobody = -1

// The server is to blame, and client i is only named: relayed+i.
const relayed = 100

// refusal is a message that a client must refuse: at which step, with which error, and
// whom the error blames.
type refusal struct {
	name    string
	step    Step
	message []byte
	want    error
	blames  int
}

func (r *refusals) invitations() []refusal {
	changed := func(change func(e *vector.Encoding)) []byte {
		terms := r.stranger.terms
		change(&terms.Encoding)
		return serverMessage(StepInvitation, terms.digest(), terms.marshal())
	}
	good := r.message[StepInvitation]
	return []refusal{
		{"terms that are cut off", StepInvitation, good[:len(good)-1], ErrMessage, nobody},
		{"the digest of other terms", StepInvitation, serverMessage(StepInvitation, digest{1}, good[serverHead:]), ErrRound, nobody},
		{"longer vectors", StepInvitation, changed(func(e *vector.Encoding) { e.Length++ }), ErrFloor, nobody},
		{"clipping that is too low", StepInvitation, changed(func(e *vector.Encoding) { e.Clip /= 2 }), ErrFloor, nobody},
		{"a resolution that is too low", StepInvitation, changed(func(e *vector.Encoding) { e.FractionBits-- }), ErrFloor, nobody},
		{"sums that do not fit", StepInvitation, changed(func(e *vector.Encoding) { e.FractionBits = 30 }), vector.ErrRange, nobody},
		{"a message too early", StepInvitation, r.message[StepRoster], ErrStep, nobody},
	}
}

func (r *refusals) rosters() []refusal {
	e := r.roster.entries
	unknown, changed := slices.Clone(e), slices.Clone(e)
	unknown[liar].client[31] ^= 1
	changed[victim].advertisement[0] ^= 1
	twice := r.roster.marshal()
	copy(twice[4+liar*entrySize:], twice[4+(liar-1)*entrySize:4+liar*entrySize])
	binding := r.before[StepRoster].binding
	return []refusal{
		{"a roster without me", StepRoster, r.rosterOf(3, slices.Delete(slices.Clone(e), victim, victim+1)...), ErrRoster, nobody},
		{"a roster with other keys of mine", StepRoster, r.rosterOf(4, changed...), ErrRoster, nobody},
		{"a client twice in the roster", StepRoster, serverMessage(StepRoster, binding, twice), ErrRoster, relayed + liar - 1},
		{"two clients", StepRoster, r.rosterOf(2, e[victim:victim+2]...), ErrFloor, nobody},
		{"a threshold that is too low", StepRoster, r.rosterOf(3, e...), ErrFloor, nobody},
		{"a roster of another round", StepRoster, serverMessage(StepRoster, digest{1}, r.roster.marshal()), ErrRound, nobody},
		{"half an entry", StepRoster, r.message[StepRoster][:len(r.message[StepRoster])-1], ErrMessage, nobody},
		{"an invented client", StepRoster, r.rosterOf(4, unknown...), ErrNotMember, outsider + 1},
	}
}

func (r *refusals) peers() []refusal {
	advert := r.said(liar, StepAdvertisement)
	return []refusal{
		{"an advertisement too few", StepPeers, r.replaced(StepPeers, r.said(4, StepAdvertisement), nil), ErrMessage, nobody},
		{"an advertisement too many", StepPeers, slices.Concat(r.message[StepPeers], advert), ErrMessage, nobody},
		{"other keys of a client", StepPeers, r.replaced(StepPeers, advert, r.told[liar].resign(advert, r.told[0].keys.advertisement())), ErrRoster, liar},
		{"a forged advertisement", StepPeers, r.replaced(StepPeers, advert, forged(advert)), ErrSignature, liar},
		{"keys for another roster", StepPeers, serverMessage(StepPeers, r.other.roster.digest, r.message[StepPeers][serverHead:]), ErrRound, nobody},
	}
}

func (r *refusals) deals() []refusal {
	deal := r.told[liar].dealTo(victim)
	swap := func(change func(it *item)) []byte {
		old, new := r.lie(change)
		return r.replaced(StepDealt, old, new)
	}
	item0 := parseItem(r.told[0].dealTo(victim)[len(r.told[0].dealTo(victim))-itemSize:])
	tooFew := r.everybody
	tooFew.dealt = setOf(0, 1, victim)
	head := len(deal) - itemSize
	m, _, _ := cutSigned(deal)
	short := append(r.told[liar].resign(m.raw, m.body[:len(m.body)-summaryEntry]), deal[head:]...)
	gone := r.message[StepDealt][:len(r.message[StepDealt])-4]
	return []refusal{
		{"fewer holders than the threshold", StepDealt, r.dealt(r.before[StepDealt], tooFew), ErrThreshold, nobody},
		{"an item that was not signed", StepDealt, r.replaced(StepDealt, deal, forged(deal)), ErrMessage, relayed + liar},
		{"a forged deal", StepDealt, r.replaced(StepDealt, deal[:head], forged(deal[:head])), ErrSignature, liar},
		{"a deal of another roster", StepDealt, r.replaced(StepDealt, deal, r.other.told[liar].dealTo(victim)), ErrRound, liar},
		{"a deal for too few holders", StepDealt, r.replaced(StepDealt, deal, short), ErrMessage, liar},
		{"a deal twice", StepDealt, r.replaced(StepDealt, r.told[4].dealTo(victim), deal), ErrMessage, relayed + liar},
		// Without the leaf in the summary, the server could choose the masks.
		{"an edge key that the server has sealed", StepDealt, r.replaced(StepDealt, deal, slices.Concat(deal[:head], r.serverItem(deal[head:]))), ErrMessage, relayed + liar},
		{"an item for somebody else", StepDealt, r.replaced(StepDealt, deal, r.told[liar].dealTo(4)), ErrMessage, relayed + liar},
		{"a share that does not fit its hash", StepDealt, swap(func(it *item) { it.shares = r.resealed(make([]byte, 2*secretSize)) }), ErrShare, liar},
		{"shares that do not open", StepDealt, swap(func(it *item) { it.shares[0] ^= 1 }), ErrShare, liar},
		{"an edge key that does not open", StepDealt, swap(func(it *item) { it.edge[edgeBoxSize-1] ^= 1 }), ErrShare, liar},
		// With the shares of client 0 under another name, the victim would give both kinds.
		{"the shares of another dealer", StepDealt, swap(func(it *item) { it.shares, it.hashes = item0.shares, item0.hashes }), ErrShare, liar},
		{"the edge key of another dealer", StepDealt, swap(func(it *item) { it.edge = item0.edge }), ErrShare, liar},
		{"a dealer that is said to be gone", StepDealt, append(bytes.Clone(gone), index16(4)...), ErrMessage, relayed + liar},
		{"itself among its holders", StepDealt, append(bytes.Clone(gone), encodeIndices([]int{victim, 3, 4})...), ErrMessage, relayed + victim},
		{"a cut off item", StepDealt, r.message[StepDealt][:len(r.message[StepDealt])-100], ErrMessage, nobody},
	}
}

func (r *refusals) statements() []refusal {
	statement := r.said(liar, StepMasked)
	m, _, _ := cutSigned(statement)
	without := r.told[liar].resign(statement, append(bytes.Clone(m.body[:32]), encodeIndices([]int{0, 1, 4})...))
	foreign := r.told[liar].clone()
	foreign.changeRoster(func(o *roster) { o.digest = r.other.roster.digest })
	elsewhere, err := foreign.Client.sign(StepMasked, m.body)
	if err != nil {
		r.t.Fatal(err)
	}
	unknown, err := sign(r.stranger.id, StepMasked, r.roster.digest, m.body)
	if err != nil {
		r.t.Fatal(err)
	}
	return []refusal{
		{"a client that has not masked with me", StepCounted, r.replaced(StepCounted, statement, without), ErrMessage, relayed + liar},
		{"a forged statement", StepCounted, r.replaced(StepCounted, statement, forged(statement)), ErrSignature, liar},
		{"a statement twice", StepCounted, r.replaced(StepCounted, r.said(4, StepMasked), statement), ErrMessage, relayed + liar},
		{"a statement of another roster", StepCounted, r.replaced(StepCounted, statement, elsewhere), ErrRound, liar},
		{"a statement of a client that has not dealt", StepCounted, append(bytes.Clone(r.message[StepCounted]), unknown...), ErrMessage, relayed + outsider},
		{"a confirmation in the place of a statement", StepCounted, r.replaced(StepCounted, statement, r.said(liar, StepConfirmation)), ErrStep, liar},
	}
}

func (r *refusals) confirmations() []refusal {
	confirmation := r.said(liar, StepConfirmation)
	without := r.told[liar].resign(confirmation, encodeIndices([]int{0, 1, 4}))
	few := r.everybody
	few.confirmed = setOf(0, 1)
	elsewhere, err := sign(r.told[liar].id, StepConfirmation, r.other.roster.digest, encodeIndices([]int{victim}))
	if err != nil {
		r.t.Fatal(err)
	}
	return []refusal{
		{"fewer confirmations than the threshold", StepConfirmed, r.confirmed(r.before[StepConfirmed], few, r.copies), ErrThreshold, nobody},
		{"no confirmations", StepConfirmed, serverMessage(StepConfirmed, r.roster.digest, nil), ErrThreshold, nobody},
		{"a confirmation of others", StepConfirmed, r.replaced(StepConfirmed, confirmation, without), ErrMessage, relayed + liar},
		{"a forged confirmation", StepConfirmed, r.replaced(StepConfirmed, confirmation, forged(confirmation)), ErrSignature, liar},
		{"a confirmation twice", StepConfirmed, r.replaced(StepConfirmed, r.said(4, StepConfirmation), confirmation), ErrMessage, relayed + liar},
		{"a confirmation of another roster", StepConfirmed, r.replaced(StepConfirmed, confirmation, elsewhere), ErrRound, liar},
	}
}

// others are refused whatever the step is.
func (r *refusals) others() (list []refusal) {
	steps := []Step{StepRoster, StepPeers, StepDealt, StepCounted, StepConfirmed}
	for i, step := range steps {
		list = append(list,
			refusal{"nothing", step, nil, ErrMessage, nobody},
			refusal{"a head that is cut off", step, r.message[step][:serverHead-1], ErrMessage, nobody},
			refusal{"another version", step, append([]byte{2}, r.message[step][1:]...), ErrMessage, nobody},
			refusal{"a message of a client", step, r.said(liar, StepAdvertisement), ErrStep, nobody},
			refusal{"another round", step, serverMessage(step, digest{7}, r.message[step][serverHead:]), ErrRound, nobody})
		if i+1 < len(steps) {
			list = append(list, refusal{"a message too early", step, r.message[steps[i+1]], ErrStep, nobody})
		}
		if i > 0 { // a second message of a step is refused although it is a good one
			again := append(bytes.Clone(r.message[steps[i-1]]), 0)
			list = append(list, refusal{"another message of the last step", step, again, ErrSecond, nobody})
		}
	}
	return list
}

// TestClientBadInput requires one clear error for each bad message, which names the client
// that is to blame, or the one whose message the server has passed on wrongly. After it a client gives nothing, whatever comes next, and has no secrets.
func TestClientBadInput(t *testing.T) {
	r := newRefusals(t)
	for _, test := range slices.Concat(r.invitations(), r.rosters(), r.peers(), r.deals(), r.statements(), r.confirmations(), r.others()) {
		t.Run(test.step.String()+"/"+test.name, func(t *testing.T) {
			r.refused(t, r.before[test.step].clone(), test)
		})
	}
}

// refused gives a client a bad message, and then all good ones.
func (r *refusals) refused(t *testing.T, v *actor, test refusal) {
	t.Helper()
	reply, err := v.Handle(test.message)
	if !errors.Is(err, test.want) || reply != nil {
		t.Fatalf("%d bytes, %v; want the error %q", len(reply), err, test.want)
	}
	r.blamed(t, err, test.blames)
	for step := StepInvitation; step <= StepConfirmed; step += 2 {
		if reply, again := v.Handle(r.message[step]); reply != nil || again != err {
			t.Errorf("%v is answered with %d bytes, %v", step, len(reply), again)
		}
	}
	if _, again := v.Mask(t.Context(), io.Discard, nil); again != err {
		t.Errorf("the vector is masked, %v", again)
	}
	secrets := v.keys != nil && (v.keys.secrets != [2]secret{} || v.keys.mask != nil || v.keys.shares != nil)
	if secrets || len(v.dealings)+len(v.edges)+len(v.answers) > 0 || v.own != (share{}) {
		t.Error("the client remembers secrets")
	}
}

// TestClientBadInputBeforeMask is the same for a client that waits for its own vector, and
// for one whose vector cannot be masked.
func TestClientBadInputBeforeMask(t *testing.T) {
	r := newRefusals(t)
	waiting := func() *actor {
		v := r.before[StepDealt].clone()
		if _, err := v.Handle(r.message[StepDealt]); err != nil || len(v.edges) == 0 {
			t.Fatal(err)
		}
		return v
	}
	again := append(bytes.Clone(r.message[StepDealt]), 0, 1)
	r.refused(t, waiting(), refusal{"", StepDealt, again, ErrSecond, nobody})
	r.refused(t, waiting(), refusal{"", StepCounted, r.message[StepCounted], ErrStep, nobody})

	for want, values := range map[error][]float32{
		vector.ErrLength:    {1},
		vector.ErrNotFinite: {0, float32(math.NaN())},
	} {
		v := waiting()
		if _, err := v.Mask(t.Context(), io.Discard, vector.NewUpdate(vector.Floats(values), 1)); !errors.Is(err, want) {
			t.Errorf("%v, want %q", err, want)
		}
		if reply, err := v.Handle(r.message[StepCounted]); reply != nil || !errors.Is(err, want) || len(v.edges) > 0 {
			t.Errorf("after %q: %d bytes, %v", want, len(reply), err)
		}
	}
}

// TestClientUnknownDealer requires that a client counts nobody who has dealt it nothing,
// also if it is in the roster and has signed that it masked with the client, and takes no
// confirmation from there.
func TestClientUnknownDealer(t *testing.T) {
	r := newRefusals(t)
	v := r.before[StepDealt].clone()
	some := view{dealt: first(4), counted: first(4)}
	if _, err := v.handle(r.dealt(v, some)); err != nil {
		t.Fatal(err)
	}
	r.refused(t, v.clone(), refusal{"", StepCounted, r.message[StepCounted], ErrMessage, relayed + 4})
	if _, err := v.handle(r.counted(v, some, r.copies)); err != nil {
		t.Fatal(err)
	}
	r.refused(t, v, refusal{"", StepConfirmed, r.message[StepConfirmed], ErrMessage, relayed + 4})
}

// TestClientOtherTerms requires that a client takes no keys which were advertised for other
// terms, although the roster has their hash.
func TestClientOtherTerms(t *testing.T) {
	r := newRefusals(t)
	advert := r.said(liar, StepAdvertisement)
	m, _, err := cutSigned(advert)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sign(r.told[liar].id, StepAdvertisement, digest{1}, m.body)
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err = cutSigned(other); err != nil {
		t.Fatal(err)
	}
	entries := slices.Clone(r.roster.entries)
	entries[liar].advertisement = advertisementHash(&m)
	v := r.before[StepRoster].clone()
	if _, err := v.handle(r.rosterOf(4, entries...)); err != nil {
		t.Fatal(err)
	}
	peers := r.replaced(StepPeers, advert, other)[serverHead:]
	r.refused(t, v, refusal{"", StepPeers, serverMessage(StepPeers, v.roster.digest, peers), ErrRound, liar})
}

// blamed requires that an error is that of the client of that index, or of nobody.
func (r *refusals) blamed(t *testing.T, err error, index int) {
	t.Helper()
	var blame *ClientError
	switch found := errors.As(err, &blame); {
	case index == nobody && found:
		t.Errorf("%v names a client", err)
	case index >= relayed && (found || !strings.Contains(err.Error(), r.fingerprint(index-relayed).String())):
		t.Errorf("%v does not name client %d, or blames it", err, index-relayed)
	case index >= 0 && index < relayed && !found:
		t.Errorf("%v blames nobody", err)
	case index >= 0 && index <= outsider && blame.Client != r.fingerprint(index):
		t.Errorf("%v blames another client than %d", err, index)
	}
}

func (r *refusals) fingerprint(index int) signature.Fingerprint {
	if index == outsider {
		return r.stranger.id.Fingerprint()
	}
	return r.roster.entries[index].client
}

// TestClientRepeats requires the same bytes for the same message at any time, from a
// client that has given its shares, too.
func TestClientRepeats(t *testing.T) {
	r := newRefusals(t)
	v := r.before[StepRoster].clone()
	replies := make(map[Step][]byte)
	for step := StepRoster; step <= StepConfirmed; step += 2 {
		var err error
		if replies[step], err = v.Handle(r.honestMessage(v, step)); err != nil {
			t.Fatal(err)
		}
		if step == StepDealt {
			if replies[step] != nil {
				t.Error("a statement before the vector is masked")
			}
			if replies[step], err = v.upload(); err != nil {
				t.Fatal(err)
			}
			if v.keys.secrets != [2]secret{} || v.keys.shares != nil || len(v.edges) > 0 {
				t.Error("the client remembers secrets that it needs no more")
			}
		}
		for earlier, want := range replies {
			if got, err := v.Handle(r.honestMessage(v, earlier)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("after %v, the %v message has another answer: %v", step, earlier, err)
			}
		}
	}
	if _, err := v.upload(); !errors.Is(err, ErrStep) {
		t.Errorf("a second vector: %v, want %q", err, ErrStep)
	}
}

// A session is a real server that waits for the messages of a step, and those messages.
type session struct {
	server *Server
	actors []*actor // in the order of the roster
}

// sessionAt returns a round of n clients that has come to a step. All have made their
// message of this step, and the server has none of them.
func sessionAt(t *testing.T, n int, step Step) *session {
	t.Helper()
	ids := identities(t, n)
	server, err := NewServer(ServerConfig{Members: publics(ids), Encoding: tiny, Corrupt: noneIfZero(0), Dropped: 1})
	if err != nil {
		t.Fatal(err)
	}
	l := &session{server: server, actors: invited(t, server.Invitation(), n, nil)}
	for s := StepAdvertisement; s < step; s += 2 {
		for _, a := range l.actors {
			if err := l.send(a.said[s], a.masked); err != nil {
				t.Fatal(err)
			}
		}
		messages, err := server.Advance()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range l.actors {
			if _, err := a.handle(messages[a.id.Fingerprint()]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return l
}

func (l *session) send(message, vector []byte) error {
	var err error
	if step, _ := StepOf(message); step == StepMasked {
		_, err = l.server.ReceiveMasked(message, bytes.NewReader(vector))
	} else {
		_, err = l.server.Receive(message)
	}
	return err
}

// TestServerBadInput requires that the server refuses each bad message of a client, with an
// error that names the client, and that the round continues: the right message of the same
// client is still taken, and the sum is right.
func TestServerBadInput(t *testing.T) {
	body := func(message []byte) []byte {
		m, _, err := cutSigned(message)
		if err != nil {
			panic(err)
		}
		return bytes.Clone(m.body)
	}
	for _, test := range []struct {
		name string
		step Step
		make func(a *actor) (message, vector []byte)
		want error
	}{
		{"half a key", StepAdvertisement, func(a *actor) ([]byte, []byte) {
			return a.resign(a.said[StepAdvertisement], body(a.said[StepAdvertisement])[1:]), nil
		}, ErrMessage},
		{"a forged signature", StepAdvertisement, func(a *actor) ([]byte, []byte) { return forged(a.said[StepAdvertisement]), nil }, ErrSignature},
		{"bytes after the message", StepDraw, func(a *actor) ([]byte, []byte) { return append(bytes.Clone(a.said[StepDraw]), 0), nil }, ErrMessage},
		{"another round", StepDraw, func(a *actor) ([]byte, []byte) {
			message, _ := sign(a.id, StepDraw, digest{1}, body(a.said[StepDraw]))
			return message, nil
		}, ErrRound},
		{"itself as a neighbour", StepDraw, func(a *actor) ([]byte, []byte) {
			return a.resign(a.said[StepDraw], encodeIndices([]int{0, 1, 2, 3})), nil
		}, ErrMessage},
		{"too few neighbours", StepDraw, func(a *actor) ([]byte, []byte) { return a.resign(a.said[StepDraw], encodeIndices([]int{0, 1})), nil }, ErrMessage},
		{"an item that was not signed", StepDeal, func(a *actor) ([]byte, []byte) { return forged(a.said[StepDeal]), nil }, ErrShare},
		{"an item too few", StepDeal, func(a *actor) ([]byte, []byte) {
			return a.said[StepDeal][:len(a.said[StepDeal])-itemSize], nil
		}, ErrMessage},
		{"a vector that is too short", StepMasked, func(a *actor) ([]byte, []byte) { return a.said[StepMasked], a.masked[1:] }, ErrVector},
		{"a vector that is too long", StepMasked, func(a *actor) ([]byte, []byte) { return a.said[StepMasked], append(bytes.Clone(a.masked), 0) }, ErrVector},
		{"another vector", StepMasked, func(a *actor) ([]byte, []byte) { return a.said[StepMasked], forged(a.masked) }, ErrVector},
		{"a lie about its neighbours", StepMasked, func(a *actor) ([]byte, []byte) {
			h := sha256.Sum256(a.masked)
			return a.resign(a.said[StepMasked], append(h[:], encodeIndices([]int{0, 1, 2})...)), a.masked
		}, ErrMessage},
		{"a confirmation of others", StepConfirmation, func(a *actor) ([]byte, []byte) {
			return a.resign(a.said[StepConfirmation], encodeIndices([]int{0, 1, 2})), nil
		}, ErrMessage},
		{"a message too late", StepConfirmation, func(a *actor) ([]byte, []byte) {
			return a.resign(a.said[StepDraw], encodeIndices([]int{0, 1, 2, 4})), nil
		}, ErrStep},
		{"a share that does not fit", StepReveal, func(a *actor) ([]byte, []byte) {
			changed := body(a.said[StepReveal])
			changed[len(changed)-1] ^= 1
			return a.resign(a.said[StepReveal], changed), nil
		}, ErrShare},
		{"the other kind of share", StepReveal, func(a *actor) ([]byte, []byte) {
			other := body(a.said[StepReveal])
			other[len(other)-secretSize-1] ^= 1
			return a.resign(a.said[StepReveal], other), nil
		}, ErrMessage},
		{"a share too few", StepReveal, func(a *actor) ([]byte, []byte) {
			few := body(a.said[StepReveal])
			return a.resign(a.said[StepReveal], few[:len(few)-revealEntry]), nil
		}, ErrMessage},
	} {
		t.Run(test.step.String()+"/"+test.name, func(t *testing.T) {
			l := sessionAt(t, 5, test.step)
			a := l.actors[liar]
			message, vector := test.make(a)
			err := l.send(message, vector)
			var blame *ClientError
			if !errors.Is(err, test.want) || !errors.As(err, &blame) || blame.Client != a.id.Fingerprint() {
				t.Fatalf("%v, want the error %q that names the client", err, test.want)
			}
			l.finish(t, test.step)
		})
	}
}

// finish runs the round to its end.
func (l *session) finish(t *testing.T, from Step) {
	t.Helper()
	for step := from; step <= StepReveal; step += 2 {
		for _, a := range l.actors {
			if err := l.send(a.said[step], a.masked); err != nil {
				t.Fatalf("after a refusal: %v", err)
			}
		}
		messages, err := l.server.Advance()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range l.actors {
			if message := messages[a.id.Fingerprint()]; message != nil {
				if _, err := a.handle(message); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	d := &outcome{actors: l.actors, counted: first(5)}
	d.finish(t, l.server)
}

// TestServerRepeats requires that the server takes the same message again in any later
// step, and refuses another one of a step that a client has answered.
func TestServerRepeats(t *testing.T) {
	for step := StepAdvertisement; step <= StepReveal; step += 2 {
		t.Run(step.String(), func(t *testing.T) {
			l := sessionAt(t, 5, step)
			a := l.actors[liar]
			for range 2 {
				if err := l.send(a.said[step], a.masked); err != nil {
					t.Fatal(err)
				}
			}
			other := a.resign(a.said[step], []byte("something else"))
			if err := l.send(other, a.masked); !errors.Is(err, ErrSecond) {
				t.Errorf("another message: %v, want %q", err, ErrSecond)
			}
			l.finish(t, step)
		})
	}
}

// TestServerBlames requires that shares of no secret are found out in the end, and who
// has dealt them.
func TestServerBlames(t *testing.T) {
	l := sessionAt(t, 5, StepDeal)
	a := l.actors[liar]
	m, items, err := cutSigned(a.said[StepDeal])
	if err != nil {
		t.Fatal(err)
	}
	commitment := append(bytes.Repeat([]byte{1}, 32), m.body[32:]...)
	a.said[StepDeal] = append(a.resign(m.raw, commitment), items...)
	for step := StepDeal; ; step += 2 {
		for _, a := range l.actors {
			if err := l.send(a.said[step], a.masked); err != nil {
				t.Fatal(err)
			}
		}
		messages, err := l.server.Advance()
		if step == StepReveal {
			var blame *ClientError
			if !errors.Is(err, ErrShare) || !errors.As(err, &blame) || blame.Client != a.id.Fingerprint() {
				t.Fatalf("%v, want the error %q that names the dealer", err, ErrShare)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range l.actors {
			if _, err := a.handle(messages[a.id.Fingerprint()]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := l.server.Sum(t.Context(), io.Discard, nil); err == nil {
		t.Error("there is a sum")
	}
}

// TestServerOtherNeighbours requires that the server takes no deal for others than
// those that the client has drawn. It needs a sparse graph, in which there are others.
func TestServerOtherNeighbours(t *testing.T) {
	testkit.Long(t)
	l := sessionAt(t, graph.Sparse, StepDraw)
	a := l.actors[liar]
	for _, b := range l.actors {
		if err := l.send(b.said[StepDraw], nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.server.Advance(); err != nil {
		t.Fatal(err)
	}
	others := first(graph.Sparse).minus(setOf(append(slices.Clone(a.holders), a.self)...)).clients()
	if len(others) == 0 {
		t.Fatalf("the graph is complete: %v", a.roster.graph)
	}
	a.holders[0] = others[0]
	slices.Sort(a.holders)
	var adverts []byte
	for _, h := range a.holders {
		adverts = append(adverts, l.actors[h].said[StepAdvertisement]...)
	}
	deal, err := a.handle(serverMessage(StepPeers, a.roster.digest, adverts))
	if err != nil {
		t.Fatal(err)
	}
	var blame *ClientError
	if err := l.send(deal, nil); !errors.Is(err, ErrMessage) || !errors.As(err, &blame) || blame.Client != a.id.Fingerprint() {
		t.Errorf("%v, want the error %q that names the client", err, ErrMessage)
	}
}
