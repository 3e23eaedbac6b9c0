// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// KeySchedule is the key schedule of RFC 9180, section 5.1, written out for base mode,
// X-Wing, HKDF-SHA256 and an AEAD with keys of 32 bytes and nonces of 12. Libraries do not
// show the shared secret of the KEM: from a known one this gives the key and the nonce that
// a recipient must compute.
func KeySchedule(aead uint16, sharedSecret, info []byte) (key, baseNonce []byte) {
	s, context := suiteID(aead), KeyScheduleContext(aead, info)
	secret := s.extract(sharedSecret, "secret", nil)
	return s.expand(secret, "key", context, 32), s.expand(secret, "base_nonce", context, 12)
}

// KeyScheduleContext returns key_schedule_context of RFC 9180, section 5.1, for base mode.
func KeyScheduleContext(aead uint16, info []byte) []byte {
	s := suiteID(aead)
	context := []byte{0} // mode_base
	context = append(context, s.extract(nil, "psk_id_hash", nil)...)
	return append(context, s.extract(nil, "info_hash", info)...)
}

// labels make the labeled functions of RFC 9180, section 4, for one suite_id.
type labels string

func suiteID(aead uint16) labels {
	id := []byte("HPKE")
	for _, part := range []uint16{kemXWing, kdfHKDFSHA256, aead} {
		id = binary.BigEndian.AppendUint16(id, part)
	}
	return labels(id)
}

func (s labels) extract(salt []byte, label string, ikm []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, []byte("HPKE-v1"+string(s)+label+string(ikm)), salt)
	must(err)
	return prk
}

func (s labels) expand(prk []byte, label string, context []byte, length int) []byte {
	size := binary.BigEndian.AppendUint16(nil, uint16(length))
	okm, err := hkdf.Expand(sha256.New, prk, string(size)+"HPKE-v1"+string(s)+label+string(context), length)
	must(err)
	return okm
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
