// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// keySchedule is RFC 9180, section 5.1, for base mode, X-Wing, HKDF-SHA256 and
// an AEAD with 32-byte keys and 12-byte nonces, written out. crypto/hpke does
// not show the KEM's shared secret; this leads from a known one to the key
// that a recipient must arrive at.
func keySchedule(t *testing.T, aead uint16, sharedSecret, info []byte) (key, baseNonce []byte) {
	t.Helper()
	suiteID := []byte("HPKE")
	for _, id := range []uint16{kemXWing, kdfHKDFSHA256, aead} {
		suiteID = binary.BigEndian.AppendUint16(suiteID, id)
	}
	extract := func(salt []byte, label string, ikm []byte) []byte {
		labeled := "HPKE-v1" + string(suiteID) + label + string(ikm)
		prk, err := hkdf.Extract(sha256.New, []byte(labeled), salt)
		if err != nil {
			t.Fatal(err)
		}
		return prk
	}
	expand := func(prk []byte, label string, context []byte, length int) []byte {
		size := binary.BigEndian.AppendUint16(nil, uint16(length))
		labeled := string(size) + "HPKE-v1" + string(suiteID) + label + string(context)
		okm, err := hkdf.Expand(sha256.New, prk, labeled, length)
		if err != nil {
			t.Fatal(err)
		}
		return okm
	}

	context := []byte{0} // mode_base
	context = append(context, extract(nil, "psk_id_hash", nil)...)
	context = append(context, extract(nil, "info_hash", info)...)
	secret := extract(sharedSecret, "secret", nil)
	return expand(secret, "key", context, 32), expand(secret, "base_nonce", context, 12)
}

// sealWithSecret seals the first message of an AES-256-GCM context whose KEM
// shared secret is known.
func sealWithSecret(t *testing.T, sharedSecret, info, aad, plaintext []byte) []byte {
	t.Helper()
	key, nonce := keySchedule(t, aeadAES256GCM, sharedSecret, info)
	return newGCM(t, key).Seal(nil, nonce, plaintext, aad)
}

func newGCM(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}
