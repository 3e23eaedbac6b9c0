// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"fmt"

	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// ParseIdentities returns the identities in an unprotected private key file of one or
// more: for each generation two blocks and perhaps a statement, and outside them only
// empty lines and lines that begin with '#'. For protected files the error is
// [ErrProtected]; see [ReadIdentities].
func ParseIdentities(data []byte) ([]*Identity, error) {
	pairs, err := parsePairs(data, privateType)
	if err != nil {
		return nil, err
	}
	defer wipe(pairs)
	var all []*Identity
	for _, pair := range pairs {
		hybrid, err := recipient.ParsePKCS8(pair.encryption.contents)
		if err != nil {
			return nil, pair.encryption.wrong("X-Wing private key")
		}
		signing, err := signature.ParsePKCS8(pair.signing.contents)
		if err != nil {
			return nil, pair.signing.wrong("ML-DSA-65 with Ed25519 private key")
		}
		all = append(all, newIdentity(hybrid, signing))
	}
	if _, err := chain(pairs, each(all, (*Identity).Public)); err != nil {
		return nil, err
	}
	var newest []*Identity
	for i, id := range all {
		if continues(pairs, i) {
			all[i-1].previous = id
		} else {
			newest = append(newest, id)
		}
	}
	return newest, nil
}

// wipe overwrites private keys that were read, after they were copied. Copies that the
// garbage collector or a library has made stay.
func wipe(pairs []pair) {
	for _, p := range pairs {
		clear(p.encryption.contents)
		clear(p.signing.contents)
	}
}

// ParseIdentity is [ParseIdentities] for a file with one identity.
func ParseIdentity(data []byte) (*Identity, error) { return one(ParseIdentities(data)) }

// ParsePublic returns the public keys in a file of one or more. The file has the form
// that [ParseIdentities] reads.
func ParsePublic(data []byte) (Publics, error) {
	pairs, err := parsePairs(data, publicType)
	if err != nil {
		return nil, err
	}
	var all []*Public
	for _, pair := range pairs {
		hybrid, err := recipient.ParseSPKI(pair.encryption.contents)
		if err != nil {
			return nil, pair.encryption.wrong("X-Wing public key")
		}
		signing, err := signature.ParseSPKI(pair.signing.contents)
		if err != nil {
			return nil, pair.signing.wrong("ML-DSA-65 with Ed25519 public key")
		}
		all = append(all, newPublic(hybrid, signing))
	}
	return chain(pairs, all)
}

// one returns the only key of those in a file.
func one[K any](all []K, err error) (key K, _ error) {
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%w: %d in the file", ErrSeveral, len(all))
	}
	if err != nil {
		return key, err
	}
	return all[0], nil
}

// pair is a generation as it is in a file.
type pair struct {
	retirement, statement *statement // nil where there is none
	encryption, signing   block
	fingerprint           Fingerprint
	successor             *statement // that names the pair as the previous one, wherever in the file
}

// parsePairs returns the generations in a file, in its order.
func parsePairs(data []byte, blockType string) ([]pair, error) {
	blocks, err := parseBlocks(data, blockType)
	if err != nil {
		return nil, err
	}
	var all []pair
	for len(blocks) > 0 {
		var p pair
		if p.retirement, blocks, err = takeStatement(blocks, true); err != nil {
			return nil, err
		}
		if len(blocks) < 2 || blocks[0].blockType != blockType || blocks[1].blockType != blockType {
			return nil, unpaired(blocks)
		}
		p.encryption, p.signing, blocks = blocks[0], blocks[1], blocks[2:]
		if p.statement, blocks, err = takeStatement(blocks, false); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: there is no key in it", ErrNotKey)
	}
	return all, nil
}

// unpaired returns an error that says where a pair of keys is missing.
func unpaired(blocks []block) error {
	if len(blocks) == 0 {
		return fmt.Errorf("%w: it ends where an encryption key and a signing key should be", ErrNotKey)
	}
	if len(blocks) == 1 && algorithmOf(blocks[0].contents) == oidXWing {
		return ErrIncomplete
	}
	return fmt.Errorf("%w: an encryption key and a signing key should be at line %d", ErrNotKey, blocks[0].line)
}

// takeStatement takes the first block if that is a statement, and a retirement if that
// is what belongs there. A retirement after a pair belongs to the next one.
func takeStatement(blocks []block, retires bool) (*statement, []block, error) {
	if len(blocks) == 0 || blocks[0].blockType != statementType {
		return nil, blocks, nil
	}
	s, err := parseStatement(blocks[0].contents)
	if err != nil {
		return nil, nil, (&statement{line: blocks[0].line}).wrong(err)
	}
	s.line = blocks[0].line
	switch {
	case s.retires() == retires:
		return s, blocks[1:], nil
	case retires:
		return nil, nil, s.wrong(errNoPair)
	}
	return nil, blocks, nil
}

// chain checks the statements, and returns the newest generation of each identity. The
// keys are those of the pairs.
func chain(pairs []pair, keys []*Public) (newest Publics, err error) {
	for i, p := range keys {
		pairs[i].fingerprint = p.fingerprint
	}
	if err := arrange(pairs); err != nil {
		return nil, err
	}
	for i, p := range keys {
		for _, s := range []*statement{pairs[i].retirement, pairs[i].statement} {
			if s == nil {
				continue
			}
			if err := s.verify(p.signing); err != nil {
				return nil, s.wrong(err)
			}
		}
		p.statement, p.successor = pairs[i].statement, pairs[i].successor
		if continues(pairs, i) {
			keys[i-1].previous = p
		} else {
			newest = append(newest, p)
		}
	}
	return newest, nil
}

// arrange checks that the statements are about the pairs that they follow and fit
// together, and finds the successor of each pair, wherever it is in the file: writers may
// choose any order. Signatures are not verified.
func arrange(pairs []pair) error {
	of := make(map[Fingerprint][]*pair)
	for i := range pairs {
		of[pairs[i].fingerprint] = append(of[pairs[i].fingerprint], &pairs[i])
	}
	known := make(successors)
	for _, p := range pairs {
		if s := p.statement; s != nil && s.fingerprint != p.fingerprint {
			return s.wrong(errOtherKey)
		}
		if s := p.retirement; s != nil && s.previous != p.fingerprint {
			return s.wrong(errOtherKey)
		}
		for _, s := range []*statement{p.retirement, p.statement} {
			if s == nil || !s.succeeds() {
				continue
			}
			if !known.add(s) {
				return s.wrong(errSucceeded)
			}
			for _, old := range of[s.previous] {
				if err := s.follows(old.statement); err != nil {
					return s.wrong(err)
				}
			}
		}
	}
	for i := range pairs {
		pairs[i].successor = known[pairs[i].fingerprint]
	}
	return nil
}

// continues reports whether a pair is the generation before that of the pair above it.
func continues(pairs []pair, i int) bool {
	if i == 0 {
		return false
	}
	s := pairs[i-1].statement
	return s != nil && s.succeeds() && s.previous == pairs[i].fingerprint
}
