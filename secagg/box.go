// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/hpke"
	"fmt"
)

// Sizes in bytes.
const (
	publicKeySize = 1216 // X-Wing (draft-connolly-cfrg-xwing-kem)
	boxOverhead   = 1120 + 16
	shareBoxSize  = boxOverhead + 2*secretSize
	edgeBoxSize   = boxOverhead + 32
)

// The HPKE suite (RFC 9180, draft-ietf-hpke-pq) is that of pqenc files: KEM 0x647a, KDF 0x0001,
// AEAD 0x0002.
var (
	boxKEM  = hpke.MLKEM768X25519()
	boxKDF  = hpke.HKDFSHA256()
	boxAEAD = hpke.AES256GCM()
)

// A route is where a box comes from and where it goes: what it is sealed for, beside its key.
type route struct {
	roster         digest
	dealer, holder int
}

// aad names the step, too: every box is made in the step of the deal.
func (r route) aad() []byte {
	aad := append([]byte{byte(StepDeal)}, r.roster[:]...)
	return append(append(aad, index16(r.dealer)...), index16(r.holder)...)
}

// seal encrypts plaintext to the owner of an X-Wing key. The label separates the two boxes.
func seal(key hpke.PublicKey, label string, r route, plaintext []byte) ([]byte, error) {
	enc, sender, err := hpke.NewSender(key, boxKDF, boxAEAD, []byte(labelPrefix+label))
	if err != nil {
		return nil, err
	}
	sealed, err := sender.Seal(r.aad(), plaintext)
	return append(enc, sealed...), err
}

// open returns the plaintext of a box that seal has made. The error is an [ErrShare].
func open(key hpke.PrivateKey, label string, r route, box []byte) ([]byte, error) {
	receiver, err := hpke.NewRecipient(box[:boxOverhead-16], key, boxKDF, boxAEAD, []byte(labelPrefix+label))
	if err != nil {
		return nil, fmt.Errorf("%w: the %s cannot be opened", ErrShare, label)
	}
	plaintext, err := receiver.Open(r.aad(), box[boxOverhead-16:])
	if err != nil {
		return nil, fmt.Errorf("%w: the %s cannot be opened", ErrShare, label)
	}
	return plaintext, nil
}
