// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/hpke"
	"crypto/mlkem"
	"errors"

	circl "github.com/cloudflare/circl/hpke"
)

// HPKE code points: RFC 9180, section 7, and draft-ietf-hpke-pq.
const (
	kdfSHAKE256   = 0x0011
	aeadAES256GCM = 0x0002
)

// Sizes in bytes. An X-Wing encapsulation is ML-KEM's ciphertext and then 32
// bytes of X25519; a public key likewise.
const (
	xwingSeedSize = 32
	xwingEncSize  = mlkem.CiphertextSize768 + 32
)

// suite is the part of an HPKE ciphersuite that varies here: the KEM is always
// X-Wing and the mode is always base.
type suite struct{ kdf, aead uint16 }

// recipientSuite is the one that the recipient stanza uses.
var recipientSuite = suite{kdfHKDFSHA256, aeadAES256GCM}

// recipientContext is what crypto/hpke's Recipient does.
type recipientContext interface {
	Open(aad, ciphertext []byte) ([]byte, error)
	Export(exporterContext string, length int) ([]byte, error)
}

// library is one implementation of HPKE with X-Wing. Private keys are the
// 32-byte seeds.
type library struct {
	name      string
	publicKey func(seed []byte) ([]byte, error)
	seal      func(publicKey []byte, s suite, info, aad, plaintext []byte) (enc, ciphertext []byte, err error)
	recipient func(enc, seed []byte, s suite, info []byte) (recipientContext, error)
}

var (
	goLibrary    = library{"crypto/hpke", goPublicKey, goSeal, goRecipient}
	circlLibrary = library{"circl", circlPublicKey, circlSeal, circlRecipient}
)

// open sets up a recipient and opens the first message.
func (l library) open(enc, seed []byte, s suite, info, aad, ciphertext []byte) ([]byte, error) {
	r, err := l.recipient(enc, seed, s, info)
	if err != nil {
		return nil, err
	}
	return r.Open(aad, ciphertext)
}

func goPublicKey(seed []byte) ([]byte, error) {
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	return k.PublicKey().Bytes(), nil
}

func goSuite(s suite) (hpke.KDF, hpke.AEAD, error) {
	kdf, err := hpke.NewKDF(s.kdf)
	if err != nil {
		return nil, nil, err
	}
	aead, err := hpke.NewAEAD(s.aead)
	return kdf, aead, err
}

func goSeal(publicKey []byte, s suite, info, aad, plaintext []byte) (enc, ciphertext []byte, err error) {
	kdf, aead, err := goSuite(s)
	if err != nil {
		return nil, nil, err
	}
	pk, err := hpke.MLKEM768X25519().NewPublicKey(publicKey)
	if err != nil {
		return nil, nil, err
	}
	enc, sender, err := hpke.NewSender(pk, kdf, aead, info)
	if err != nil {
		return nil, nil, err
	}
	ciphertext, err = sender.Seal(aad, plaintext)
	return enc, ciphertext, err
}

func goRecipient(enc, seed []byte, s suite, info []byte) (recipientContext, error) {
	kdf, aead, err := goSuite(s)
	if err != nil {
		return nil, err
	}
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	return hpke.NewRecipient(enc, k, kdf, aead, info)
}

// errNoKDF: circl implements RFC 9180's KDFs and none of the one-stage ones
// that draft-ietf-hpke-pq adds.
var errNoKDF = errors.New("circl has no such KDF")

func circlSuite(s suite) (circl.Suite, error) {
	kdf := circl.KDF(s.kdf)
	if !kdf.IsValid() {
		return circl.Suite{}, errNoKDF
	}
	return circl.NewSuite(circl.KEM_XWING, kdf, circl.AEAD(s.aead)), nil
}

func circlPublicKey(seed []byte) ([]byte, error) {
	k, err := circl.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	return k.Public().MarshalBinary()
}

func circlSeal(publicKey []byte, s suite, info, aad, plaintext []byte) (enc, ciphertext []byte, err error) {
	cs, err := circlSuite(s)
	if err != nil {
		return nil, nil, err
	}
	pk, err := circl.KEM_XWING.Scheme().UnmarshalBinaryPublicKey(publicKey)
	if err != nil {
		return nil, nil, err
	}
	sender, err := cs.NewSender(pk, info)
	if err != nil {
		return nil, nil, err
	}
	enc, sealer, err := sender.Setup(nil)
	if err != nil {
		return nil, nil, err
	}
	ciphertext, err = sealer.Seal(plaintext, aad)
	return enc, ciphertext, err
}

func circlRecipient(enc, seed []byte, s suite, info []byte) (recipientContext, error) {
	cs, err := circlSuite(s)
	if err != nil {
		return nil, err
	}
	k, err := circl.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	receiver, err := cs.NewReceiver(k, info)
	if err != nil {
		return nil, err
	}
	opener, err := receiver.Setup(enc)
	if err != nil {
		return nil, err
	}
	return circlContext{opener}, nil
}

// circlContext gives circl's opener the shape of crypto/hpke's.
type circlContext struct{ opener circl.Opener }

func (c circlContext) Open(aad, ciphertext []byte) ([]byte, error) {
	return c.opener.Open(ciphertext, aad)
}

func (c circlContext) Export(exporterContext string, length int) ([]byte, error) {
	return c.opener.Export([]byte(exporterContext), uint(length)), nil
}

// flipBit returns a copy of b with one bit of b[i] changed.
func flipBit(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}
