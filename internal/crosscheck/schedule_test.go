// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"
)

// sealWithSecret seals the first message of an AES-256-GCM context whose KEM
// shared secret is known.
func sealWithSecret(t *testing.T, sharedSecret, info, aad, plaintext []byte) []byte {
	t.Helper()
	key, nonce := KeySchedule(aeadAES256GCM, sharedSecret, info)
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
