// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/aead"
	"github.com/pqenc/pqenc/signature"
)

// Sizes in bytes of the sealed parts of signed files.
const (
	sealOverhead = aead.NonceSize + aead.Overhead
	trailerSize  = signature.Size + sealOverhead // after the body
)

// seal returns nonce || ciphertext || tag, bound to the file. The key seals only this
// message. The nonce is random nevertheless, so that safety does not depend on that.
func seal(key *[32]byte, id *format.ID, plaintext []byte) []byte {
	nonce := make([]byte, aead.NonceSize, len(plaintext)+sealOverhead)
	rand.Read(nonce)
	return aead.New(key).Seal(nonce, nonce, plaintext, id[:])
}

func unseal(key *[32]byte, id *format.ID, sealed []byte) ([]byte, error) {
	if len(sealed) < sealOverhead {
		return nil, errors.New("too short")
	}
	return aead.New(key).Open(nil, sealed[:aead.NonceSize], sealed[aead.NonceSize:], id[:])
}

// digests hashes the digests of a body's chunks, in their order.
type digests struct {
	sum hash.Hash
	// list has the digests. If it is nil, they are not kept.
	list [][sha256.Size]byte
}

func (d *digests) add(_ uint32, digest [sha256.Size]byte) error {
	d.sum.Write(digest[:])
	if d.list != nil {
		d.list = append(d.list, digest)
	}
	return nil
}

// expect returns an error unless the digest is the one that was added.
func (d *digests) expect(index uint32, digest [sha256.Size]byte) error {
	if int64(index) >= int64(len(d.list)) || digest != d.list[index] {
		return fmt.Errorf("%w: a chunk is not the one that was verified", ErrReplaced)
	}
	return nil
}

func (d *digests) contents(length int64) contents {
	return contents{length: uint64(length), digest: [sha256.Size]byte(d.sum.Sum(nil))}
}
