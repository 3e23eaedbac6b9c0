// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/hpke"
	"slices"
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

func (k *keys) advertisement() []byte {
	return slices.Concat(k.mask.PublicKey().Bytes(), k.shares.PublicKey().Bytes())
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

// wipe overwrites the secrets. What the libraries have copied stays until it is collected.
func (k *keys) wipe() {
	clear(k.secrets[:])
	k.mask, k.shares = nil, nil
}
