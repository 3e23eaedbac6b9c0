// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/hpke"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/recipient"
)

// keys are the secrets of a client in one round. They are only in memory: a client that restarts
// has dropped out of the round.
type keys struct {
	secrets [2]secret       // by kind
	mask    hpke.PrivateKey // derived from the mask secret
	shares  hpke.PrivateKey // independent of both secrets
}

func newKeys(terms digest) (*keys, error) {
	k := &keys{secrets: [2]secret{newSecret(), newSecret()}}
	var err error
	if k.mask, err = maskKey(terms, &k.secrets[maskKind]); err != nil {
		return nil, err
	}
	k.shares, err = boxKEM.GenerateKey()
	return k, err
}

// maskKey returns the X-Wing key to which edge keys for the owner of a mask secret are sealed.
func maskKey(terms digest, mask *secret) (hpke.PrivateKey, error) {
	seed := mask.derive("mask-key", terms[:])
	return boxKEM.NewPrivateKey(seed[:])
}

// wipe overwrites the secrets. What the libraries have copied stays until it is collected.
func (k *keys) wipe() {
	clear(k.secrets[:])
	k.mask, k.shares = nil, nil
}

func (k *keys) advertisement() []byte {
	return slices.Concat(k.mask.PublicKey().Bytes(), k.shares.PublicKey().Bytes())
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

// advertisementHash covers what was signed and not the signature, since signatures are not
// unique.
func advertisementHash(m *signed) digest {
	return hash("advertisement", m.signer[:], m.binding[:], m.body)
}

// edgeKey returns the key of the mask between the owner of a mask secret, which has drawn the
// holder, and that holder.
func edgeKey(roster digest, mask *secret, holder int) [32]byte {
	return mask.derive("edge", roster[:], index16(holder))
}

// selfMaskKey returns the key of the mask of its own that a client adds.
func selfMaskKey(roster digest, self *secret) [32]byte {
	return self.derive("self", roster[:])
}

// drawerFirst reports whether the edge key of a counts, and not that of b, if both have drawn
// each other.
func drawerFirst(a, b int) bool { return a < b }

// subtracts reports whether a subtracts the mask that it shares with b.
func subtracts(a, b int) bool { return a > b }
