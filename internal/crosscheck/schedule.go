// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// KeySchedule is RFC 9180, section 5.1, for base mode, X-Wing, HKDF-SHA256 and an
// AEAD with 32-byte keys and 12-byte nonces, written out. Libraries do not show
// the KEM's shared secret; this leads from a known one to the key that a
// recipient must arrive at.
func KeySchedule(aead uint16, sharedSecret, info []byte) (key, baseNonce []byte) {
	suiteID := []byte("HPKE")
	for _, id := range []uint16{kemXWing, kdfHKDFSHA256, aead} {
		suiteID = binary.BigEndian.AppendUint16(suiteID, id)
	}
	extract := func(salt []byte, label string, ikm []byte) []byte {
		labeled := "HPKE-v1" + string(suiteID) + label + string(ikm)
		prk, err := hkdf.Extract(sha256.New, []byte(labeled), salt)
		must(err)
		return prk
	}
	expand := func(prk []byte, label string, context []byte, length int) []byte {
		size := binary.BigEndian.AppendUint16(nil, uint16(length))
		labeled := string(size) + "HPKE-v1" + string(suiteID) + label + string(context)
		okm, err := hkdf.Expand(sha256.New, prk, labeled, length)
		must(err)
		return okm
	}

	context := []byte{0} // mode_base
	context = append(context, extract(nil, "psk_id_hash", nil)...)
	context = append(context, extract(nil, "info_hash", info)...)
	secret := extract(sharedSecret, "secret", nil)
	return expand(secret, "key", context, 32), expand(secret, "base_nonce", context, 12)
}

// The HPKE identifiers of pqenc's suite.
const (
	kemXWing      = 0x647a
	kdfHKDFSHA256 = 0x0001
)

func must(err error) {
	if err != nil {
		panic("crosscheck: internal error: " + err.Error())
	}
}
