// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
)

// FileKey is the secret that key stanzas wrap: 32 random bytes, fresh for each
// file and never used for a second body.
type FileKey [32]byte

// Keys are the keys that are derived from a file key (SPEC.md, section 3.3).
type Keys struct {
	Payload     [32]byte // AES-256-GCM key of the body
	NoncePrefix [7]byte  // first bytes of each chunk's nonce
	Signer      [32]byte // AES-256-GCM key of the signer stanza
	Trailer     [32]byte // AES-256-GCM key of the trailer
	Commit      [32]byte // the commitment that the header must have
	mac         [32]byte
}

// DeriveKeys derives the keys of the file: HKDF-SHA256 (RFC 5869) of the file
// key, with the salt of the header, and with its immutable parameters in every label.
func (h *Header) DeriveKeys(fileKey *FileKey) *Keys {
	prk, err := hkdf.Extract(sha256.New, fileKey[:], h.Salt[:])
	if err != nil {
		panic("format: internal error: " + err.Error())
	}
	expand := func(label string, out ...[]byte) {
		size := 0
		for _, o := range out {
			size += len(o)
		}
		okm, err := hkdf.Expand(sha256.New, prk, "pqenc/v1/"+label+string(h.params()), size)
		if err != nil {
			panic("format: internal error: " + err.Error())
		}
		for _, o := range out {
			okm = okm[copy(o, okm):]
		}
	}
	k := new(Keys)
	expand("payload", k.Payload[:], k.NoncePrefix[:])
	expand("header-mac", k.mac[:])
	expand("signer", k.Signer[:])
	expand("trailer", k.Trailer[:])
	expand("commit", k.Commit[:])
	return k
}

// Committed reports whether the header commits to the file key of k, in constant
// time. AES-GCM alone does not bind a ciphertext to one key: without this check, one
// file could have two meanings for two recipients.
func (h *Header) Committed(k *Keys) bool {
	return subtle.ConstantTimeCompare(h.Commit[:], k.Commit[:]) == 1
}

// Authenticate checks the MAC over the whole header, in constant time. The
// error wraps [ErrHeader].
func (h *Header) Authenticate(k *Keys) error {
	b, err := h.Marshal()
	if err != nil {
		return err
	}
	if !hmac.Equal(k.computeMAC(b), h.MAC[:]) {
		return &Error{"mac", "does not match: somebody changed the header, or it is damaged", ErrHeader}
	}
	return nil
}

// Seal sets the MAC and returns the encoding of the header. All other fields
// must be set before.
func (h *Header) Seal(k *Keys) ([]byte, error) {
	b, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	copy(h.MAC[:], k.computeMAC(b))
	copy(b[len(b)-macSize:], h.MAC[:])
	return b, nil
}

// computeMAC returns the MAC of an encoded header, whose last bytes are reserved
// for it.
func (k *Keys) computeMAC(encoded []byte) []byte {
	m := hmac.New(sha256.New, k.mac[:])
	m.Write(encoded[:len(encoded)-macSize])
	return m.Sum(nil)
}
