// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/signature"
)

// entry is a client in the roster: its identity, and the hash of what it has advertised.
type entry struct {
	client        signature.Fingerprint
	advertisement digest
}

const entrySize = 2 * 32

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
