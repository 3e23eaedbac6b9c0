// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/aes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/cloudflare/circl/hpke"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// This file is the second implementation of signing. A whole identity is its
// seeds: of X-Wing, of ML-DSA-65 and of Ed25519, 32 bytes each.

// fingerprint names the identity, by the DER of its public keys.
func fingerprint(identity []byte) []byte {
	kem, err := hpke.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(identity[:32])
	must(err)
	encryption, err := kem.Public().MarshalBinary()
	must(err)
	mldsa, _ := mldsa65.NewKeyFromSeed((*[32]byte)(identity[32:]))
	ed := ed25519.NewKeyFromSeed(identity[64:]).Public().(ed25519.PublicKey)
	return derFingerprint(
		append(unhex("308204d4300d060b2b0601040183e62d81c87a038204c100"), encryption...),
		slices.Concat(unhex("308207d1300a06082b06010505070630038207c100"), mldsa.Bytes(), ed))
}

// derFingerprint is fingerprint of the two blocks of a public key.
func derFingerprint(encryption, signing []byte) []byte {
	sum := sha256.Sum256(slices.Concat(encryption, signing))
	return sum[:]
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	must(err)
	return b
}

// sign makes a signature of id-MLDSA65-Ed25519-SHA512, without its randomness.
func sign(identity []byte, use string, message []byte) []byte {
	return signWith(identity, use, message, func(m []byte) []byte {
		return ed25519.Sign(ed25519.NewKeyFromSeed(identity[64:]), m)
	})
}

const compositeLabel = "COMPSIG-MLDSA65-Ed25519-SHA512"

// representative returns what both halves of a signature are over.
func representative(use string, message []byte) []byte {
	digest := sha512.Sum512(message)
	return slices.Concat([]byte("CompositeAlgorithmSignatures2025"+compositeLabel), []byte{byte(len(use))}, []byte(use), digest[:])
}

// opening returns the fields of an opening by one identity for others.
func opening(by []byte, context string, readers ...[]byte) []byte {
	var names [][]byte
	for _, r := range readers {
		names = append(names, fingerprint(r))
	}
	slices.SortFunc(names, bytes.Compare)
	return openingFor(by, context, names...)
}

// openingFor is opening for fingerprints in the order that is given.
func openingFor(by []byte, context string, names ...[]byte) []byte {
	b := fingerprint(by)
	b = binary.BigEndian.AppendUint64(b, 1_700_000_000)
	b = binary.BigEndian.AppendUint16(b, uint16(len(context)))
	b = append(b, context...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(names)))
	return append(b, bytes.Join(names, nil)...)
}

// rewrap replaces key stanzas of the file (SPEC.md, section 3.5): drop are the indexes of
// those that are removed, and the new ones take the place of the first.
func (f *file) rewrap(drop []int, add ...[]byte) {
	old, n := f.stanzas, f.written
	f.stanzas, f.written = nil, 0
	for i := range n {
		kind, size := binary.BigEndian.Uint16(old), int(binary.BigEndian.Uint16(old[2:]))
		if !slices.Contains(drop, i) {
			f.stanza(kind, old[4:4+size])
		} else if i == drop[0] {
			f.wrapFor(add...)
		}
		old = old[4+size:]
	}
	if len(drop) == 0 {
		f.wrapFor(add...)
	}
}

// wrapFor appends a stanza for each of the identities, or seeds.
func (f *file) wrapFor(ids ...[]byte) {
	for _, id := range ids {
		f.stanza(1, f.hybrid(id[:32], f.fileKey))
	}
}

// id is what binds signatures to the file.
func (f *file) id() []byte { return slices.Concat(f.params, f.salt, f.expand("commit", 32)) }

// open makes the file a signed one, whose opening has the fields.
func (f *file) open(by, fields []byte) {
	f.params[11] = 1
	f.fields = fields
	f.sealOpening(f.openingBy(by))
}

func (f *file) sealOpening(sig []byte) { f.signer = f.seal("signer", slices.Concat(f.fields, sig)) }

func (f *file) openingBy(id []byte) []byte { return sign(id, "pqenc/v1/opening", f.openingMessage()) }

func (f *file) openingMessage() []byte { return append(f.id(), f.fields...) }

// close signs the chunks.
func (f *file) close(by []byte) { f.sealClosing(f.closingBy(by)) }

func (f *file) sealClosing(sig []byte) { f.trailer = f.seal("trailer", sig) }

func (f *file) closingBy(id []byte) []byte { return sign(id, "pqenc/v1/closing", f.closingMessage()) }

func (f *file) closingMessage() []byte {
	length := 0
	for _, c := range f.chunks {
		length += len(c) - 16
	}
	sum, digest := sha256.Sum256(f.openingMessage()), sha256.Sum256(f.digests())
	return slices.Concat(binary.BigEndian.AppendUint64(sum[:], uint64(length)), digest[:])
}

// digests returns the digest list of the chunks.
func (f *file) digests() (list []byte) {
	for _, c := range f.chunks {
		digest := sha256.Sum256(c)
		list = append(list, digest[:]...)
	}
	return list
}

// seal returns nonce || ciphertext || tag.
func (f *file) seal(label string, plaintext []byte) []byte {
	nonce := f.random(12)
	return gcm(f.expand(label, 32)).Seal(nonce, nonce, plaintext, f.id())
}

// sameTag returns a chunk with other contents and the tag of c, which holds two
// blocks at least. A change of 1 in a block, which is the first bit, is undone
// by one of H in the next: so it is with GHASH for those who have the key.
func (f *file) sameTag(c []byte) []byte {
	block, err := aes.NewCipher(f.expand("payload", 39)[:32])
	must(err)
	h := make([]byte, 16)
	block.Encrypt(h, h)
	c = bytes.Clone(c)
	c[0] ^= 0x80
	for i := range h {
		c[16+i] ^= h[i]
	}
	return c
}
