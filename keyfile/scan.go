// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"
)

// Scanned is what a public key file says about one generation of a key. Nothing of it is
// verified, except that fingerprints are those of the keys in the file.
type Scanned struct {
	Fingerprint Fingerprint
	Name        string
	Generation  int
	Created     time.Time // zero if it is not known
	Expires     time.Time // zero for never
	Retired     time.Time // zero while it is in use
}

// ScanPublic returns what a public key file says: for each identity its generations, the
// newest first. It takes a fifth of the time of [ParsePublic], for lists and searches:
// keys are not decoded, and statements have to fit together, but their signatures are
// not verified.
func ScanPublic(data []byte) ([][]Scanned, error) {
	pairs, err := parsePairs(data, publicType)
	if err != nil {
		return nil, err
	}
	successors := make(map[Fingerprint]*statement) // wherever in the file they stand
	for _, p := range pairs {
		for _, s := range []*statement{p.retirement, p.statement} {
			if s != nil && successors[s.previous] == nil {
				successors[s.previous] = s
			}
		}
	}
	var all [][]Scanned
	var before *statement // of the pair above
	for _, p := range pairs {
		der := slices.Concat(p.encryption.contents, p.signing.contents)
		if len(der) != publicDERSize {
			return nil, p.encryption.wrong("X-Wing public key with its signing key")
		}
		g := Scanned{Fingerprint: sha256.Sum256(der), Generation: 1}
		after := cmp.Or(p.retirement, successors[g.Fingerprint])
		if before != nil && before.previous == g.Fingerprint {
			after = before
		} else {
			all = append(all, nil)
		}
		if err := g.state(p.statement, after); err != nil {
			return nil, badStatement(cmp.Or(p.below, p.above, p.encryption.line), err)
		}
		all[len(all)-1] = append(all[len(all)-1], g)
		before = p.statement
	}
	return all, nil
}

// state takes what the statement of a generation says, and that of the next generation or
// of the retirement, if there are any.
func (g *Scanned) state(s, after *statement) error {
	if s != nil {
		if s.fingerprint != g.Fingerprint {
			return errOtherKey
		}
		g.Name, g.Generation = s.name, int(s.generation)
		g.Created, g.Expires = unix(s.created), unix(s.expires)
	}
	if after == nil {
		return nil
	}
	if after.previous != g.Fingerprint {
		return errOtherKey
	}
	g.Retired = unix(after.created)
	return after.follows(s)
}

// scanned returns the same of a key that was verified.
func (p *Public) scanned() Scanned {
	return Scanned{p.fingerprint, p.Name(), p.Generation(), p.Created(), p.Expires(), p.Retired()}
}

// Scanned returns the generations of the key as [ScanPublic] does.
func (p *Public) Scanned() []Scanned { return each(p.Generations(), (*Public).scanned) }
