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
	publics := publicsOf(all)
	chains, err := chain(pairs, publics)
	if err != nil {
		return nil, err
	}
	var newest []*Identity
	for at := 0; len(chains) > 0; chains = chains[1:] {
		n := len(chains[0].Generations())
		for i := at; i+1 < at+n; i++ {
			all[i].previous = all[i+1]
		}
		newest = append(newest, all[at])
		at += n
	}
	return newest, nil
}

// wipe overwrites private keys that were read, once there is another copy. Go gives no
// more: what the collector or a library has copied stays.
func wipe(pairs []pair) {
	for _, p := range pairs {
		clear(p.encryption.contents)
		clear(p.signing.contents)
	}
}

func publicsOf(ids []*Identity) (all []*Public) {
	for _, id := range ids {
		all = append(all, id.public)
	}
	return all
}

// ParseIdentity is [ParseIdentities] for a file of one.
func ParseIdentity(data []byte) (*Identity, error) { return one(ParseIdentities(data)) }

// ParsePublic returns the public keys in a file of one or more, each as in
// [ParseIdentities].
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

// one returns the only one of several identities.
func one(all []*Identity, err error) (*Identity, error) {
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("%w: %d in the file", ErrSeveral, len(all))
	}
	return all[0], nil
}

// pair is a generation as it is in a file.
type pair struct {
	retirement, statement *statement // nil where there is none
	encryption, signing   block
	above, below          int // lines of the retirement and of the statement
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
		if p.retirement, blocks, err = takeStatement(blocks, &p.above, true); err != nil {
			return nil, err
		}
		if len(blocks) < 2 || blocks[0].blockType != blockType || blocks[1].blockType != blockType {
			return nil, unpaired(blocks)
		}
		p.encryption, p.signing, blocks = blocks[0], blocks[1], blocks[2:]
		if p.statement, blocks, err = takeStatement(blocks, &p.below, false); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: there is no key in it", ErrNotKey)
	}
	return all, nil
}

// unpaired says where a pair of keys should be.
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
func takeStatement(blocks []block, line *int, retires bool) (*statement, []block, error) {
	if len(blocks) == 0 || blocks[0].blockType != statementType {
		return nil, blocks, nil
	}
	s, err := parseStatement(blocks[0].contents)
	if err != nil {
		return nil, nil, badStatement(blocks[0].line, err)
	}
	switch {
	case s.retires() == retires:
		*line = blocks[0].line
		return s, blocks[1:], nil
	case retires:
		return nil, nil, badStatement(blocks[0].line, errNoPair)
	}
	return nil, blocks, nil
}

func badStatement(line int, err error) error {
	return fmt.Errorf("%w: the one at line %d %w", ErrStatement, line, err)
}

// chain checks the statements, and returns the newest generation of each identity.
func chain(pairs []pair, all []*Public) (newest Publics, err error) {
	var statements []*statement // in the order of the file: two for each pair
	for i, p := range all {
		if s := pairs[i].statement; s != nil {
			if err := p.state(s); err != nil {
				return nil, badStatement(pairs[i].below, err)
			}
		}
		statements = append(statements, pairs[i].retirement, pairs[i].statement)
	}
	for start := 0; start < len(all); {
		end := start + 1
		for end < len(all) && all[end].succeededBy(pairs[end-1].statement) {
			end++
		}
		retirement := pairs[start].retirement
		if retirement != nil && !all[start].succeededBy(retirement) {
			return nil, badStatement(pairs[start].above, errOtherKey)
		}
		if at, err := link(all[start:end], retirement); err != nil {
			if at == 0 {
				return nil, badStatement(pairs[start].above, err)
			}
			return nil, badStatement(pairs[start+at-1].below, err)
		}
		newest = append(newest, all[start])
		start = end
	}
	if at, err := spread(statements, all); err != nil {
		return nil, badStatement([]int{pairs[at/2].above, pairs[at/2].below}[at%2], err)
	}
	return newest, nil
}
