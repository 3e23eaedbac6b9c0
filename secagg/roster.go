// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/hpke"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// A Signer signs the messages of a client. *keyfile.Identity is one.
type Signer interface {
	Fingerprint() signature.Fingerprint
	SigningKey() *signature.PrivateKey
}

// A Member may take part in rounds. *keyfile.Public is one.
type Member interface {
	Fingerprint() signature.Fingerprint
	VerificationKey() *signature.PublicKey
}

// members are the verification keys of those who may take part.
type members map[signature.Fingerprint]*signature.PublicKey

func membersOf(list []Member) (members, error) {
	m := make(members, len(list))
	for _, member := range list {
		m[member.Fingerprint()] = member.VerificationKey()
	}
	if len(m) < len(list) {
		return nil, fmt.Errorf("%w: a member is listed twice", ErrRoster)
	}
	return m, nil
}

// colluders returns the number of members that are taken to collude with the server.
func colluders(corrupt, members int) int {
	if corrupt == 0 {
		return (members + 9) / 10
	}
	return max(corrupt, 0)
}

// verify checks that a message is of that step and round, and signed by a member.
func (m members) verify(s *signed, step Step, binding digest) error {
	key := m[s.signer]
	if key == nil {
		return blame(s.signer, ErrNotMember)
	}
	return blame(s.signer, s.verify(step, binding, key))
}

// Terms are what all clients of a round must agree on. Their digest is in every advertisement.
type Terms struct {
	Round    [32]byte // random, distinguishes rounds
	Encoding vector.Encoding
}

func (t Terms) marshal() []byte { return append(t.Round[:], t.Encoding.Marshal()...) }

func (t Terms) digest() digest { return hash("terms", t.marshal()) }

func parseTerms(b []byte) (t Terms, err error) {
	if len(b) < len(t.Round) {
		return Terms{}, fmt.Errorf("%w: terms of %d bytes", ErrMessage, len(b))
	}
	copy(t.Round[:], b)
	if t.Encoding, err = vector.Unmarshal(b[len(t.Round):]); err != nil {
		return Terms{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return t, nil
}

// An advertisement has the two keys of a client in a round. The key for shares is independent of
// the mask secret: otherwise recovering the mask secret of a client that dropped out would open
// the shares that it holds.
type advertisement struct {
	mask, shares hpke.PublicKey
}

const advertisementSize = 2 * publicKeySize

func parseAdvertisement(body []byte) (a advertisement, err error) {
	if len(body) != advertisementSize {
		return a, fmt.Errorf("%w: advertisement of %d bytes", ErrMessage, len(body))
	}
	if a.mask, err = parsePublicKey(body[:publicKeySize]); err != nil {
		return a, err
	}
	a.shares, err = parsePublicKey(body[publicKeySize:])
	return a, err
}

// parsePublicKey refuses keys whose owner could not open what is sealed to them, or that others
// could open, too.
func parsePublicKey(b []byte) (hpke.PublicKey, error) {
	if _, err := recipient.NewHybridRecipient(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return boxKEM.NewPublicKey(b)
}

// entry is a client in the roster: its identity, and the hash of what it has advertised.
type entry struct {
	client        signature.Fingerprint
	advertisement digest
}

const entrySize = 2 * 32

// advertisementHash covers what was signed and not the signature, since signatures are not
// unique.
func advertisementHash(m *signed) digest {
	return hash("advertisement", m.signer[:], m.binding[:], m.body)
}

// A roster is who takes part in a round, in the order of their fingerprints, and in which graph.
// Its digest is in all later messages.
type roster struct {
	graph   graph.Graph
	entries []entry
	digest  digest
}

// newRoster returns the roster of these entries, which it sorts.
func newRoster(terms digest, g graph.Graph, entries []entry) *roster {
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.client[:], b.client[:]) })
	r := &roster{graph: g, entries: entries}
	r.digest = rosterDigest(terms, r.marshal())
	return r
}

func rosterDigest(terms digest, body []byte) digest { return hash("roster", terms[:], body) }

// marshal returns k, T, and the entries.
func (r *roster) marshal() []byte {
	b := append(index16(r.graph.Neighbours), index16(r.graph.Threshold)...)
	for _, e := range r.entries {
		b = append(append(b, e.client[:]...), e.advertisement[:]...)
	}
	return b
}

func parseRoster(terms digest, body []byte) (*roster, error) {
	if len(body) < 4 || (len(body)-4)%entrySize != 0 || (len(body)-4)/entrySize > graph.MaxClients {
		return nil, fmt.Errorf("%w: roster of %d bytes", ErrMessage, len(body))
	}
	r := &roster{digest: rosterDigest(terms, body)}
	r.graph.Neighbours = int(binary.BigEndian.Uint16(body))
	r.graph.Threshold = int(binary.BigEndian.Uint16(body[2:]))
	for b := body[4:]; len(b) > 0; b = b[entrySize:] {
		e := entry{signature.Fingerprint(b), digest(b[32:])}
		if n := len(r.entries); n > 0 && bytes.Compare(e.client[:], r.entries[n-1].client[:]) <= 0 {
			return nil, fmt.Errorf("%w: %s is in it twice, or not in ascending order", ErrRoster, e.client)
		}
		r.entries = append(r.entries, e)
	}
	r.graph.Clients = len(r.entries)
	return r, nil
}

// index returns the index of a client, or -1.
func (r *roster) index(client signature.Fingerprint) int {
	i, found := slices.BinarySearchFunc(r.entries, client, func(e entry, f signature.Fingerprint) int {
		return bytes.Compare(e.client[:], f[:])
	})
	if !found {
		return -1
	}
	return i
}
