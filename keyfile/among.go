// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

// Lineage returns the names of this generation and of those before it, the last of which
// may only be named by its successor.
func (p *Public) Lineage() []Fingerprint {
	all := p.Generations()
	names := Publics(all).Fingerprints()
	if s := all[len(all)-1].statement; s != nil && s.succeeds() {
		names = append(names, s.previous)
	}
	return names
}

// Among returns the keys as if they and the known ones were in one file: a key that one of
// the others succeeds or retires is retired. The error is [ErrSecondSuccessor] if two of
// them claim to succeed the same key.
func (ps Publics) Among(known Publics) (Publics, error) {
	successors := make(map[Fingerprint]*statement)
	for _, p := range append(append(Publics(nil), ps...), known...) {
		for _, g := range p.Generations() {
			for _, s := range []*statement{g.statement, g.successor} {
				if s == nil || !s.succeeds() {
					continue
				}
				if other := successors[s.previous]; other != nil && other.fingerprint != s.fingerprint {
					return nil, ErrSecondSuccessor
				}
				successors[s.previous] = s
			}
		}
	}
	return each(ps, func(p *Public) *Public { return p.among(successors) }), nil
}

// among returns a copy of a key, each generation of which knows its successor.
func (p *Public) among(successors map[Fingerprint]*statement) *Public {
	if p == nil {
		return nil
	}
	g := *p
	g.previous = p.previous.among(successors)
	if s := successors[g.fingerprint]; s != nil {
		g.successor = s
	}
	return &g
}
