// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// Details are what the owner of a key states about it.
type Details struct {
	Name    string    // see [ValidName]; empty for none
	Expires time.Time // when the key expires, in whole seconds; zero for never
}

// errExpiresEarly means that a key would have expired before it is made.
var errExpiresEarly = errors.New("the time of expiry has passed already")

// Generate makes a new identity without a name, which does not expire.
func Generate() (*Identity, error) { return GenerateWith(Details{}) }

// GenerateWith makes a new identity with these details.
func GenerateWith(d Details) (*Identity, error) {
	return generate(d, nil)
}

// Rotate makes the next generation of an identity: a new key pair, signed by the old
// one. The details are those of the new generation; without a name it keeps the name
// that it has. The error wraps [ErrRetired] if the identity was retired.
//
// The result decrypts all that id decrypts. After a theft of the private key its
// signature proves nothing: those who encrypt to it have to be told over another channel.
func (id *Identity) Rotate(d Details) (*Identity, error) {
	if d.Name == "" {
		d.Name = id.public.Name()
	}
	return generate(d, id)
}

func generate(d Details, previous *Identity) (*Identity, error) {
	hybrid, err := recipient.GenerateHybrid()
	if err != nil {
		return nil, err
	}
	return generateFor(hybrid, d, previous)
}

// generateFor makes the generation that has the given encryption key.
func generateFor(hybrid *recipient.HybridIdentity, d Details, previous *Identity) (*Identity, error) {
	s, err := newStatement(d, previous)
	if err != nil {
		return nil, err
	}
	id := newIdentity(hybrid, signature.GenerateKey())
	s.fingerprint = id.Fingerprint()
	var by *signature.PrivateKey
	if previous != nil {
		by = previous.signing
		id.previous = previous.succeeded(s)
		id.public.previous = id.previous.public
	}
	id.public.statement = s
	return id, s.sign(id.signing, by)
}

// newStatement returns a statement for the generation after previous, as yet about no
// key.
func newStatement(d Details, previous *Identity) (*statement, error) {
	s := &statement{generation: 1, name: d.Name, created: uint64(time.Now().Unix())}
	if d.Name != "" {
		if err := ValidName(d.Name); err != nil {
			return nil, err
		}
	}
	if previous != nil {
		p := previous.public
		if p.successor != nil {
			return nil, p.Usable(time.Time{})
		}
		s.generation = uint32(p.Generation()) + 1
		s.previous, s.previousDER = p.fingerprint, p.DER()
		if p.statement != nil { // a clock may have been set back
			s.created = max(s.created, p.statement.created)
		}
	}
	if !d.Expires.IsZero() {
		if d.Expires.Unix() <= int64(s.created) {
			return nil, errExpiresEarly
		}
		s.expires = uint64(d.Expires.Unix())
	}
	return s, nil
}

// Retire ends an identity: nothing succeeds it, and from then on it only decrypts. The
// error wraps [ErrRetired] if it was retired before.
func (id *Identity) Retire() (*Identity, error) {
	s, err := newStatement(Details{Name: id.public.Name()}, id)
	if err != nil {
		return nil, err
	}
	return id.succeeded(s), s.sign(nil, id.signing)
}

// succeeded returns a copy that knows its successor.
func (id *Identity) succeeded(by *statement) *Identity {
	old, public := *id, *id.public
	public.successor, old.public = by, &public
	return &old
}

// The reasons why a key is not accepted as the successor of another.
var (
	// ErrUnrelated means that a key does not claim to succeed the other one.
	ErrUnrelated = errors.New("the key does not succeed the one that is known")
	// ErrOutdated means that a key is an earlier generation of the one that is known.
	ErrOutdated = errors.New("the key is an earlier generation of the one that is known")
	// ErrSecondSuccessor means that two keys claim to succeed the same one: somebody
	// else has it, or has had it.
	ErrSecondSuccessor = errors.New("two different keys claim to succeed the same key")
)

// Succeeds checks that p is a later generation of old, or old itself, as the private
// keys of all generations in between have signed. It returns p with all generations
// that old knows, which are those that were accepted before. The error is
// [ErrUnrelated], [ErrOutdated], [ErrSecondSuccessor], or wraps [ErrStatement].
func (p *Public) Succeeds(old *Public) (*Public, error) {
	news, olds := p.Generations(), old.Generations()
	at := slices.IndexFunc(news, func(g *Public) bool { return g.fingerprint == old.fingerprint })
	if last := news[len(news)-1]; at < 0 && old.succeededBy(last.statement) {
		at = len(news) // the file ends before it
	}
	if at < 0 {
		return nil, unrelated(news, olds)
	}
	after := p.successor // a retirement
	if at > 0 {
		after = news[at-1].statement
		if err := after.follows(old.statement); err != nil {
			return nil, fmt.Errorf("%w: it %w", ErrStatement, err)
		}
	}
	if known := old.successor; known != nil { // and is not made later
		if at > 0 && known.fingerprint != after.fingerprint {
			return nil, ErrSecondSuccessor
		}
		after = earliest(known, after)
	}
	all := append(slices.Clone(news[:at]), olds...)
	if old.statement == nil { // which is all that was known, and less than the new file says
		all = append(slices.Clone(news), olds[min(1, len(news)-at):]...)
	}
	return rechain(all, p.successor, at, after), nil
}

// rechain returns copies of the generations as one chain.
func rechain(all []*Public, retirement *statement, at int, after *statement) *Public {
	for i := range all {
		g := *all[i]
		all[i] = &g
	}
	for i, g := range all[:len(all)-1] {
		g.previous, all[i+1].successor = all[i+1], g.statement
	}
	all[0].successor = retirement
	all[at].successor = after
	return all[0]
}

// unrelated returns the reason why the newest known generation is not among the new
// ones.
func unrelated(news, olds []*Public) error {
	known := func(f Fingerprint) bool {
		return slices.ContainsFunc(olds, func(o *Public) bool { return o.fingerprint == f })
	}
	if known(news[0].fingerprint) {
		if s := news[0].successor; s != nil && s.retires() { // it is known to have a successor
			return ErrSecondSuccessor
		}
		return ErrOutdated
	}
	for _, n := range news {
		if known(n.fingerprint) || n.statement != nil && n.statement.succeeds() && known(n.statement.previous) {
			return ErrSecondSuccessor
		}
	}
	return ErrUnrelated
}
