// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/argon2"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
)

// cheap is the passphrase recipient at the lowest cost that readers accept, for
// files that the tests open many times.
type cheap string

func (secret cheap) Wrap(fileKey *pqenc.FileKey, binding *pqenc.Binding) (pqenc.Stanza, error) {
	const passes, memory, lanes = 1, 8, 1
	salt := make([]byte, 16)
	rand.Read(salt)
	out := argon2.IDKey([]byte(secret), salt, passes, memory, lanes, 64)
	block, err := aes.NewCipher(out[:32])
	if err != nil {
		return pqenc.Stanza{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return pqenc.Stanza{}, err
	}
	head := binary.BigEndian.AppendUint32(nil, passes)
	head = append(binary.BigEndian.AppendUint32(head, memory), lanes)
	body := slices.Concat(head, salt, out[32:])
	body = aead.Seal(body, make([]byte, aead.NonceSize()), fileKey[:], binding[:])
	return pqenc.Stanza{Type: format.TypePassphrase, Body: body}, nil
}

// seal returns the armored file with these contents.
func seal(contents []byte, to pqenc.Recipient) ([]byte, error) {
	var out bytes.Buffer
	text := pqenc.Armor(&out)
	w, err := pqenc.Encrypt(text, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(contents); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := text.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
