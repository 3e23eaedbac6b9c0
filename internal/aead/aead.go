// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package aead returns the only AEAD of pqenc, AES-256-GCM. Each caller explains
// why its nonces do not repeat.
package aead

import (
	"crypto/aes"
	"crypto/cipher"
)

// Sizes in bytes.
const (
	KeySize   = 32
	NonceSize = 12
	// Overhead is the size of the tag.
	Overhead = 16
)

// New returns AES-256-GCM with a key.
func New(key *[KeySize]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("aead: internal error: " + err.Error())
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("aead: internal error: " + err.Error())
	}
	return gcm
}
