// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package keyfile reads, writes and makes the key files of pqenc.
//
// An [Identity] is one encryption key and one signing key, made together. Its
// public half, a [Public], is what others encrypt to. Keys can be rotated
// ([Identity.Rotate]): an identity is then a chain of generations. The newest one
// encrypts and signs, and all of them decrypt.
//
// Both are PEM: standard PKCS#8 and SubjectPublicKeyInfo blocks, the encryption key
// first and the signing key second, and after each pair an identity statement, which
// says when the pair was made and which one it succeeds. A private key file can be
// protected with a passphrase. SPEC.md, section 8, and docs/key-files.md specify the files.
//
// Keys of other programs have no signing half: post-quantum keys of age encrypt
// ([ReadRecipients]) and decrypt ([ParseAgeIdentities]), and [Complete] makes an identity
// of a private one.
package keyfile

import (
	"crypto/sha256"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// Identity is a private key: it opens files, as a [pqenc.Identity], and signs
// them, as a [pqenc.Signer]. It is one generation together with those before it.
// It is immutable.
type Identity struct {
	hybrid   *recipient.HybridIdentity
	signing  *signature.PrivateKey
	public   *Public
	previous *Identity // nil if there is none, or if it is not known
}

func newIdentity(hybrid *recipient.HybridIdentity, signing *signature.PrivateKey) *Identity {
	return &Identity{hybrid: hybrid, signing: signing, public: newPublic(hybrid.Recipient(), signing.Public())}
}

// Unwrap implements [pqenc.Identity]. It tries this generation and those before it.
func (id *Identity) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	for ; id.previous != nil; id = id.previous {
		if fileKey, err := id.hybrid.Unwrap(s, binding); err == nil {
			return fileKey, nil
		}
	}
	return id.hybrid.Unwrap(s, binding)
}

// Public returns the public half.
func (id *Identity) Public() *Public { return id.public }

// Fingerprint returns the fingerprint of this generation.
func (id *Identity) Fingerprint() Fingerprint { return id.public.fingerprint }

// Fingerprints returns the fingerprints of this generation and of those before it. A
// file that was signed for any of them is for this identity.
func (id *Identity) Fingerprints() []Fingerprint { return id.public.Fingerprints() }

// Generations returns this generation and those before it. Each of them is an
// identity of its own, which knows those before it.
func (id *Identity) Generations() (all []*Identity) {
	for ; id != nil; id = id.previous {
		all = append(all, id)
	}
	return all
}

// PublicDER returns the DER of the public half; see [Public.DER].
func (id *Identity) PublicDER() []byte { return id.public.DER() }

// SigningKey returns the half of this generation that signs.
func (id *Identity) SigningKey() *signature.PrivateKey { return id.signing }

// Public is a public key: a [pqenc.Recipient] to encrypt to, and a [pqenc.Sender]
// that verifies who signed a file. It is one generation together with those before
// it. It is immutable.
type Public struct {
	hybrid      *recipient.HybridRecipient
	signing     *signature.PublicKey
	fingerprint Fingerprint
	statement   *statement // nil in files from before there were statements
	successor   *statement // of the generation after it, or its retirement; nil while it is in use
	previous    *Public    // nil if there is none, or if it is not known
}

func newPublic(hybrid *recipient.HybridRecipient, signing *signature.PublicKey) *Public {
	p := &Public{hybrid: hybrid, signing: signing}
	p.fingerprint = sha256.Sum256(p.DER())
	return p
}

// DER returns the two public keys, the one for encryption and the one for
// signing, each as a SubjectPublicKeyInfo (RFC 5280), one after the other:
// 3245 bytes. The SHA-256 of it is the fingerprint.
func (p *Public) DER() []byte {
	return append(p.hybrid.MarshalSPKI(), signature.MarshalSPKI(p.signing)...)
}

// Wrap implements [pqenc.Recipient]. It does not check whether the key has expired or is
// retired: see [Public.Usable].
func (p *Public) Wrap(fileKey *pqenc.FileKey, binding *pqenc.Binding) (pqenc.Stanza, error) {
	return p.hybrid.Wrap(fileKey, binding)
}

// Fingerprint returns the fingerprint of this generation.
func (p *Public) Fingerprint() Fingerprint { return p.fingerprint }

// Fingerprints returns the fingerprints of this generation and of those before it.
func (p *Public) Fingerprints() []Fingerprint { return Publics(p.Generations()).Fingerprints() }

// Generations returns this generation and those before it, newest first.
func (p *Public) Generations() (all []*Public) {
	for ; p != nil; p = p.previous {
		all = append(all, p)
	}
	return all
}

// VerificationKey returns the half of the key that verifies signatures.
func (p *Public) VerificationKey() *signature.PublicKey { return p.signing }

// Publics are the public keys of several people, as a file of a team has them.
type Publics []*Public

// Recipients returns the keys as recipients, for [pqenc.Encrypt].
func (ps Publics) Recipients() []pqenc.Recipient {
	return each(ps, func(p *Public) pqenc.Recipient { return p })
}

// Senders returns all generations of the keys as senders, for [pqenc.Policy]. An old
// generation is accepted for what it signed before it was succeeded.
func (ps Publics) Senders() (all []pqenc.Sender) {
	for _, p := range ps {
		all = append(all, each(p.Generations(), func(p *Public) pqenc.Sender { return p })...)
	}
	return all
}

// Fingerprints returns the fingerprint of the newest generation of each key.
func (ps Publics) Fingerprints() []Fingerprint { return each(ps, (*Public).Fingerprint) }

func each[K, T any](keys []K, of func(K) T) []T {
	all := make([]T, len(keys))
	for i, key := range keys {
		all[i] = of(key)
	}
	return all
}

// Fingerprint names an identity: [signature.Fingerprint].
type Fingerprint = signature.Fingerprint
