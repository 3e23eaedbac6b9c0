// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"context"
	"crypto/hpke"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/secagg/vector"
)

// This file turns real rounds into models: an actor is a real client with a notebook, and
// an observer reads the notebooks. What an observer claims about a client it has computed
// from the client's real messages and with the client's real keys.

// tiny is an encoding for tests that look at masks only.
var tiny = vector.Encoding{Length: 2, Width: 32, Clip: 1, FractionBits: 10, MaxWeight: 9}

// An actor is a real client, and what the test notes of it: the client itself forgets.
type actor struct {
	*Client
	number int // in the model
	id     *keyfile.Identity
	mutant *mutant

	adverts  []advertisement // of its holders, as it was told
	secrets  keys
	ownShare share
	dealt    map[int]dealing
	masks    map[int][32]byte
	waits    bool // for its vector, and does not mask one by itself
	fine     bool // values of the update are not whole units
	values   []float32
	weight   uint32
	input    []byte // the update, encoded; if it is fine, not rounded like the masked vector
	masked   []byte
	said     map[Step][]byte
}

// A mutant is a client that lacks a law of the protocol. Before and after a client
// handles a message, it may change the client and the answer.
type mutant struct {
	before func(a *actor, step Step)
	after  func(a *actor, step Step, reply []byte) []byte
}

// newActors returns n clients in the order of their fingerprints, which is that of rosters.
// They have advertised. Their floors allow any graph that is private without colluders:
// which graphs there are is the choice of each test.
func newActors(t testing.TB, n int, mutant *mutant) []*actor {
	t.Helper()
	server, err := NewServer(ServerConfig{Members: publics(identities(t, n)), Encoding: tiny, Corrupt: -1})
	if err != nil {
		t.Fatal(err)
	}
	return invited(t, server.Invitation().Bytes(), n, mutant)
}

// invited is newActors with an invitation that there is.
func invited(t testing.TB, invitation []byte, n int, mutant *mutant) (actors []*actor) {
	t.Helper()
	ids := slices.Clone(identities(t, n))
	slices.SortFunc(ids, func(a, b *keyfile.Identity) int {
		x, y := a.Fingerprint(), b.Fingerprint()
		return bytes.Compare(x[:], y[:])
	})
	for i, id := range ids {
		c, err := NewClient(ClientConfig{Identity: id, Members: publics(ids), Floors: Floors{Corrupt: -1}})
		if err != nil {
			t.Fatal(err)
		}
		a := &actor{Client: c, number: i, id: id, mutant: mutant, said: make(map[Step][]byte)}
		if _, err := a.handle(invitation); err != nil {
			t.Fatal(err)
		}
		actors = append(actors, a)
	}
	return actors
}

// handle gives a message to the client and takes notes. The answer to dealt is the
// statement about the masked vector.
func (a *actor) handle(message []byte) ([]byte, error) {
	step, err := StepOf(message)
	if err != nil {
		return nil, err
	}
	if a.mutant != nil && a.mutant.before != nil {
		a.mutant.before(a, step)
	}
	reply, err := a.Handle(message)
	if err != nil {
		return nil, err
	}
	if step == StepDealt {
		a.dealt, a.masks = maps.Clone(a.dealings), maps.Clone(a.edges)
		if a.waits {
			return nil, nil
		}
		if err = a.upload(); err != nil {
			return nil, err
		}
		reply = a.said[StepMasked]
	}
	if a.mutant != nil && a.mutant.after != nil {
		reply = a.mutant.after(a, step, reply)
	}
	a.note(step, message)
	a.said[step+1] = reply
	return reply, nil
}

// note copies what the client will forget.
func (a *actor) note(step Step, message []byte) {
	switch step {
	case StepInvitation:
		a.secrets = *a.keys
	case StepPeers:
		a.ownShare = a.own
		for rest := message[serverHead:]; len(rest) > 0; {
			m, after, err := cutSigned(rest)
			if err != nil {
				panic(err)
			}
			advert, err := parseAdvertisement(m.body)
			if err != nil {
				panic(err)
			}
			a.adverts, rest = append(a.adverts, advert), after
		}
	}
}

// upload masks an update, and notes the statement about it.
func (a *actor) upload() error {
	e := a.terms.Encoding
	a.values, a.weight = make([]float32, e.Length), uint32(1+rand.IntN(int(e.MaxWeight)))
	for i := range a.values {
		a.values[i] = a.value(e)
	}
	encoded, err := vector.NewUpdate(vector.Floats(a.values), a.weight).Encode(e)
	if err != nil {
		return err
	}
	if a.input, err = io.ReadAll(encoded); err != nil {
		return err
	}
	var masked bytes.Buffer
	a.said[StepMasked], err = a.Mask(context.Background(), &masked, vector.NewUpdate(vector.Floats(a.values), a.weight))
	a.masked, a.waits = masked.Bytes(), false
	return err
}

// value returns a random value. Whole units are the same however they are rounded: the
// input can be computed without the client.
func (a *actor) value(e vector.Encoding) float32 {
	if a.fine {
		return float32((2*rand.Float64() - 1) * e.Clip)
	}
	units := float64(int64(1) << e.FractionBits)
	return float32((math.Floor(2*units*e.Clip*rand.Float64()) - units*e.Clip) / units)
}

// clone returns a copy that goes its own way from here.
func (a *actor) clone() *actor {
	b := *a
	b.Client = a.Client.clone()
	b.said = maps.Clone(b.said)
	return &b
}

// An observer makes a model of actors.
type observer struct {
	t       testing.TB
	m       *model
	private map[string]hpke.PrivateKey // all that exist, by public key
	values  map[[32]byte]fact          // all secrets, shares and masks, by value
}

// observe returns an observer of actors. All that have dealt are in the model with their
// secrets, and no vector and no message is, yet.
func observe(t testing.TB, actors []*actor) *observer {
	t.Helper()
	o := &observer{t, newModel(), make(map[string]hpke.PrivateKey), make(map[[32]byte]fact)}
	for _, a := range actors {
		o.key(a.secrets.mask)
		o.key(a.secrets.shares)
	}
	for _, a := range actors {
		o.secrets(a)
		if a.said[StepDeal] != nil {
			o.deal(a)
		}
	}
	for _, a := range actors {
		o.m.seen = append(o.m.seen, o.hear(a.said[StepDeal])...)
	}
	return o
}

func (o *observer) key(k hpke.PrivateKey) { o.private[string(k.PublicKey().Bytes())] = k }

// owner returns the fact of the private key of a public key. Nobody knows the private key
// of a public key that is not in the round.
func (o *observer) owner(public hpke.PublicKey) fact {
	return o.m.fact("private key of %x", hash("test", public.Bytes()))
}

// value returns the fact of a value that is secret, by what it is.
func (o *observer) value(v [32]byte) fact {
	f := o.m.fact("value %x", v)
	o.values[v] = f
	return f
}

// secrets adds what a client owns, and what follows from its secrets.
func (o *observer) secrets(a *actor) {
	for k := range a.secrets.secrets {
		s := &a.secrets.secrets[k]
		from := o.value([32]byte(*s))
		o.m.owned[a.number] = append(o.m.owned[a.number], from)
		// An adversary tries each derivation that there is, and one that there is not.
		for _, label := range []string{"mask-key", "share-key"} {
			seed := s.derive(label, a.binding[:])
			derived, err := boxKEM.NewPrivateKey(seed[:])
			if err != nil {
				o.t.Fatal(err)
			}
			if _, used := o.private[string(derived.PublicKey().Bytes())]; used {
				o.m.allow(o.owner(derived.PublicKey()), 1, from)
			}
		}
	}
	o.m.owned[a.number] = append(o.m.owned[a.number], o.owner(a.secrets.mask.PublicKey()), o.owner(a.secrets.shares.PublicKey()))
}

// deal adds what follows from what a client has dealt.
func (o *observer) deal(a *actor) {
	m, items, err := cutSigned(a.said[StepDeal])
	if err != nil {
		o.t.Fatal(err)
	}
	s, err := parseSummary(a.roster, a.self, m.body)
	if err != nil {
		o.t.Fatal(err)
	}
	maskSecret := o.value([32]byte(a.secrets.secrets[maskKind]))
	var shares [2]map[int]share
	shares[maskKind] = make(map[int]share)
	shares[selfKind] = map[int]share{a.self: a.ownShare}
	for i, h := range s.holders {
		it, r := parseItem(items[i*itemSize:][:itemSize]), route{a.roster.digest, a.self, h}
		edge := o.value(edgeKey(r.roster, &a.secrets.secrets[maskKind], h))
		o.m.allow(edge, 1, maskSecret)
		if inside := o.open(a.adverts[i].mask, "edge-box", r, it.edge); inside != nil {
			o.m.allow(o.value([32]byte(inside)), 1, o.owner(a.adverts[i].mask))
		}
		inside := o.open(a.adverts[i].shares, "share-box", r, it.shares)
		for k := range shares {
			if inside != nil {
				shares[k][h] = share(inside[k*secretSize:])
				o.m.allow(o.value([32]byte(shares[k][h])), 1, o.owner(a.adverts[i].shares))
			}
		}
	}
	o.m.owned[a.number] = append(o.m.owned[a.number], o.value([32]byte(a.ownShare)))
	for k, secret := range a.secrets.secrets {
		o.sharing(a, secret, shares[k])
	}
	o.m.allow(o.value(selfMaskKey(a.roster.digest, &a.secrets.secrets[selfKind])), 1,
		o.value([32]byte(a.secrets.secrets[selfKind])))
}

// open returns what is in a box, or nil if the private key does not exist in the round.
func (o *observer) open(public hpke.PublicKey, label string, r route, box []byte) []byte {
	key := o.private[string(public.Bytes())]
	if key == nil {
		return nil
	}
	inside, err := open(key, label, r, box)
	if err != nil {
		o.t.Fatal(err)
	}
	return inside
}

// sharing adds the rule that shares give a secret back. It finds out how many are needed,
// from below: a client may have dealt with another threshold than it should have.
func (o *observer) sharing(a *actor, want secret, shares map[int]share) {
	var from []fact
	some := make(map[int]share)
	need := 0
	for _, h := range slices.Sorted(maps.Keys(shares)) {
		from = append(from, o.value([32]byte(shares[h])))
		if need > 0 {
			continue
		}
		some[h] = shares[h]
		if got, err := combine(len(some), some); err == nil && got == want {
			need = len(some)
		}
	}
	if need == 0 {
		if len(shares) >= a.roster.graph.Threshold {
			o.t.Fatalf("the shares of client %d do not give its secret back", a.number)
		}
		return
	}
	o.m.allow(o.value([32]byte(want)), need, from...)
}

// upload returns the vector of a client as an equation, which it proves: without the masks
// the vector is the input.
func (o *observer) upload(a *actor) upload {
	u := upload{client: a.number}
	for j, key := range a.masks {
		sign := 1
		if subtracts(a.self, j) {
			sign = -1
		}
		u.masks = append(u.masks, term{o.value(key), sign})
	}
	switch rest := a.unmasked(false); {
	case bytes.Equal(rest, a.input): // a mutant
	case bytes.Equal(a.unmasked(true), a.input):
		u.masks = append(u.masks, term{o.value(selfMaskKey(a.roster.digest, &a.secrets.secrets[selfKind])), 1})
	default:
		o.t.Fatalf("the vector of client %d is not its input with its masks", a.number)
	}
	return u
}

// unmasked returns the masked vector without the masks along the edges, and without the
// self mask if that is asked for.
func (a *actor) unmasked(self bool) []byte {
	var masks []*mask.Mask
	for j, key := range a.masks {
		masks = append(masks, mask.New(&key, !subtracts(a.self, j)))
	}
	if self {
		key := selfMaskKey(a.roster.digest, &a.secrets.secrets[selfKind])
		masks = append(masks, mask.New(&key, true))
	}
	rest := bytes.Clone(a.masked)
	mask.Apply(rest, 0, a.terms.Encoding.Width, masks)
	return rest
}

// hear returns the secret values that occur anywhere in a message.
func (o *observer) hear(message []byte) (heard []fact) {
	for i := 0; i+32 <= len(message); i++ {
		if f, ok := o.values[[32]byte(message[i:])]; ok {
			heard = append(heard, f)
		}
	}
	return heard
}

// round returns the model of what these actors have sent: all their vectors, and all that
// is in their messages, whether it came in time or not.
func (o *observer) round(actors []*actor) *model {
	m := o.m.clone()
	for _, a := range actors {
		if a.masked != nil {
			m.uploads = append(m.uploads, o.upload(a))
		}
	}
	for _, a := range actors {
		for step, message := range a.said {
			if step != StepDeal {
				m.seen = append(m.seen, o.hear(message)...)
			}
		}
	}
	return m
}
