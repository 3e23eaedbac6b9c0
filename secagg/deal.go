// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"slices"
)

// An item is what a dealer gives to one holder. The hashes are of the two shares, so that the
// server can tell a wrong share when it is revealed, and who is to blame.
type item struct {
	hashes [2]digest // by kind
	shares []byte    // box to the holder's key for shares: both shares, by kind
	edge   []byte    // box to the holder's mask key: the edge key
}

const itemSize = 2*32 + shareBoxSize + edgeBoxSize

func (i *item) marshal() []byte {
	return slices.Concat(i.hashes[0][:], i.hashes[1][:], i.shares, i.edge)
}

// parseItem takes itemSize bytes.
func parseItem(b []byte) item {
	edge := len(b) - edgeBoxSize
	return item{[2]digest{digest(b), digest(b[32:])}, b[64:edge:edge], b[edge:]}
}

// A summary is what a dealer signs about all of its items. It names the holders, and has the hash
// of the item for each of them, so that a holder needs its own item only.
type summary struct {
	commitment digest // to the self secret
	holders    []int
	leaves     []digest
}

const summaryEntry = 2 + 32

func (s *summary) marshal() []byte {
	b := slices.Clone(s.commitment[:])
	for i, h := range s.holders {
		b = append(append(b, index16(h)...), s.leaves[i][:]...)
	}
	return b
}

// parseSummary refuses lists of holders that are not k distinct others.
func parseSummary(r *roster, dealer int, body []byte) (s summary, err error) {
	if len(body) != 32+r.graph.Neighbours*summaryEntry {
		return s, fmt.Errorf("%w: summary of %d bytes", ErrMessage, len(body))
	}
	s.commitment = digest(body)
	var list []byte
	for b := body[32:]; len(b) > 0; b = b[summaryEntry:] {
		list = append(list, b[:2]...)
		s.leaves = append(s.leaves, digest(b[2:]))
	}
	s.holders, err = parseDraw(r, dealer, list)
	return s, err
}

// parseDraw returns the holders that a client has drawn: k distinct others.
func parseDraw(r *roster, self int, body []byte) ([]int, error) {
	holders, err := indices(body, r.graph.Clients)
	if err != nil {
		return nil, err
	}
	if len(holders) != r.graph.Neighbours || includes(holders, self) {
		return nil, fmt.Errorf("%w: not %d neighbours beside itself", ErrMessage, r.graph.Neighbours)
	}
	return holders, nil
}

// leaf returns the hash of the item for a holder.
func (s *summary) leaf(holder int) (digest, bool) {
	i, found := slices.BinarySearch(s.holders, holder)
	if !found {
		return digest{}, false
	}
	return s.leaves[i], true
}

func leafOf(item []byte) digest { return hash("item", item) }

// A dealing is what the deal of a client gives to a holder.
type dealing struct {
	shares [2]share // by kind
	edge   [32]byte
}

// openItem opens what a dealer has sealed for the owner of the keys, and compares it with the
// hashes that the dealer has signed.
func (own *keys) openItem(r route, it *item) (d dealing, err error) {
	shares, err := open(own.shares, "share-box", r, it.shares)
	if err != nil {
		return d, err
	}
	for k := range d.shares {
		d.shares[k] = share(shares[k*secretSize:])
		if _, err := decodeScalar(d.shares[k][:]); err != nil {
			return d, err
		}
		if shareHash(r.roster, r.dealer, r.holder, kind(k), d.shares[k]) != it.hashes[k] {
			return d, fmt.Errorf("%w: the share of the %v secret is not the one that was signed", ErrShare, kind(k))
		}
	}
	edge, err := open(own.mask, "edge-box", r, it.edge)
	if err != nil {
		return d, err
	}
	d.edge = [32]byte(edge)
	return d, nil
}
