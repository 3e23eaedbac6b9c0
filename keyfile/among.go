// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

// Lineage returns the fingerprints of this generation and of those before it. Of the
// oldest, only its successor may have the fingerprint.
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
	all := make(successors)
	for _, p := range append(append(Publics(nil), ps...), known...) {
		for _, g := range p.Generations() {
			for _, s := range []*statement{g.statement, g.successor} {
				if s != nil && s.succeeds() && !all.add(s) {
					return nil, ErrSecondSuccessor
				}
			}
		}
	}
	return each(ps, func(p *Public) *Public { return p.among(all) }), nil
}

// among returns a copy of a key, each generation of which knows its successor.
func (p *Public) among(all successors) *Public {
	if p == nil {
		return nil
	}
	g := *p
	g.previous = p.previous.among(all)
	if s := all[g.fingerprint]; s != nil {
		g.successor = s
	}
	return &g
}

// successors has for each key the statement that names it as the previous one. Of several
// it is the earliest: whoever has stolen the key could retire it once more, later, to have
// what was signed in between accepted.
type successors map[Fingerprint]*statement

// add adds a statement. It reports false if there is one of another successor, or of a
// retirement, for the same key.
func (all successors) add(s *statement) bool {
	other := all[s.previous]
	if other != nil && other.fingerprint != s.fingerprint {
		return false
	}
	all[s.previous] = earliest(s, other)
	return true
}

// earliest returns the statement that was created first, and the first one if that is
// both. Either may be nil.
func earliest(s, other *statement) *statement {
	if s == nil || other != nil && other.created < s.created {
		return other
	}
	return s
}
