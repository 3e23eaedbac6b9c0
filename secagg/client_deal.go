// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"slices"
)

// advertise accepts the terms, and makes the keys of the round.
func (c *Client) advertise(binding digest, body []byte) ([]byte, error) {
	terms, err := parseTerms(body)
	if err != nil {
		return nil, err
	}
	if binding != terms.digest() {
		return nil, ErrRound
	}
	if err := c.floors.encoding(terms.Encoding); err != nil {
		return nil, err
	}
	if c.keys, err = newKeys(binding); err != nil {
		return nil, err
	}
	c.terms, c.binding = terms, binding
	return sign(c.id, StepAdvertisement, binding, c.keys.advertisement())
}

// draw accepts the roster if this client is in it and all others are members, and draws the
// holders. The server has no part in that: it could choose who drops out until it likes the
// result.
func (c *Client) draw(body []byte) ([]byte, error) {
	r, err := parseRoster(c.binding, body)
	if err != nil {
		return nil, err
	}
	for _, e := range r.entries {
		if c.members[e.client] == nil {
			return nil, blame(e.client, ErrNotMember)
		}
	}
	own := signed{signer: c.id.Fingerprint(), binding: c.binding, body: c.keys.advertisement()}
	self := r.index(own.signer)
	if self < 0 || r.entries[self].advertisement != advertisementHash(&own) {
		return nil, fmt.Errorf("%w: it does not have what this client has advertised", ErrRoster)
	}
	if err := c.floors.roster(r, c.terms.Encoding); err != nil {
		return nil, err
	}
	c.roster, c.self, c.holders = r, self, r.graph.Draw(self)
	return c.sign(StepDraw, encodeIndices(c.holders))
}

// deal checks the advertisements of the holders, and gives each of them its shares and its edge
// key.
func (c *Client) deal(body []byte) ([]byte, error) {
	peers, err := c.peers(body)
	if err != nil {
		return nil, err
	}
	var shares [2][]share
	threshold := c.roster.graph.Threshold
	if shares[maskKind], err = c.keys.secrets[maskKind].split(threshold, c.holders); err != nil {
		return nil, err
	}
	all := append(slices.Clone(c.holders), c.self)
	if shares[selfKind], err = c.keys.secrets[selfKind].split(threshold, all); err != nil {
		return nil, err
	}
	c.own = shares[selfKind][len(c.holders)]

	s := summary{commitment: selfCommitment(c.roster.digest, c.self, c.keys.secrets[selfKind]), holders: c.holders}
	var items []byte
	for i, h := range c.holders {
		it, err := c.item(h, peers[i], [2]share{shares[maskKind][i], shares[selfKind][i]})
		if err != nil {
			return nil, blame(c.roster.entries[h].client, err)
		}
		s.leaves = append(s.leaves, leafOf(it))
		items = append(items, it...)
	}
	head, err := c.sign(StepDeal, s.marshal())
	return append(head, items...), err
}

// peers returns the keys of the holders.
func (c *Client) peers(body []byte) ([]advertisement, error) {
	list := make([]advertisement, len(c.holders))
	for i, h := range c.holders {
		e := c.roster.entries[h]
		m, rest, err := cutSigned(body)
		if err != nil {
			return nil, err
		}
		if err := c.verify(&m, StepAdvertisement, c.binding); err != nil {
			return nil, err
		}
		if m.signer != e.client {
			return nil, passedOn(&m, "this client has not drawn it, or it is not in the order of the roster")
		}
		if advertisementHash(&m) != e.advertisement {
			return nil, fmt.Errorf("%w: the keys of %s are not those in the roster", ErrRoster, e.client)
		}
		if list[i], err = parseAdvertisement(m.body); err != nil {
			return nil, blame(e.client, err)
		}
		body = rest
	}
	if len(body) != 0 {
		return nil, fmt.Errorf("%w: more advertisements than this client has drawn", ErrMessage)
	}
	return list, nil
}

// item returns what one holder gets.
func (c *Client) item(holder int, peer advertisement, shares [2]share) ([]byte, error) {
	r := route{c.roster.digest, c.self, holder}
	var it item
	for k, s := range shares {
		it.hashes[k] = shareHash(r.roster, r.dealer, r.holder, kind(k), s)
	}
	var err error
	if it.shares, err = seal(peer.shares, "share-box", r, slices.Concat(shares[0][:], shares[1][:])); err != nil {
		return nil, err
	}
	edge := edgeKey(r.roster, &c.keys.secrets[maskKind], holder)
	if it.edge, err = seal(peer.mask, "edge-box", r, edge[:]); err != nil {
		return nil, err
	}
	return it.marshal(), nil
}
