// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package keyfile has the keys of pqenc as they are on disk.
//
// An [Identity] is one encryption key and one signing key, made together. Its
// public half, a [Public], is what others encrypt to. Both are PEM and nothing
// else: standard PKCS#8 and SubjectPublicKeyInfo blocks, the encryption key
// first and the signing key second. A private key file can be protected with a
// passphrase. This is SPEC.md, section 8.
package keyfile

import (
	"crypto/sha256"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// Identity is a private key: it opens files, as a [pqenc.Identity], and signs
// them, as a [pqenc.Signer].
type Identity struct {
	hybrid  *recipient.HybridIdentity
	signing *signature.PrivateKey
	public  *Public
}

func newIdentity(hybrid *recipient.HybridIdentity, signing *signature.PrivateKey) *Identity {
	return &Identity{hybrid, signing, newPublic(hybrid.Recipient(), signing.Public())}
}

// Generate makes a new identity.
func Generate() (*Identity, error) {
	hybrid, err := recipient.GenerateHybrid()
	if err != nil {
		return nil, err
	}
	return newIdentity(hybrid, signature.GenerateKey()), nil
}

// Unwrap implements [pqenc.Identity].
func (id *Identity) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	return id.hybrid.Unwrap(s, binding)
}

// Public returns the public half.
func (id *Identity) Public() *Public { return id.public }

// Fingerprint returns the name of the identity.
func (id *Identity) Fingerprint() Fingerprint { return id.public.fingerprint }

// PublicDER returns the DER of the public half; see [Public.DER].
func (id *Identity) PublicDER() []byte { return id.public.DER() }

// SigningKey returns the half of the identity that signs.
func (id *Identity) SigningKey() *signature.PrivateKey { return id.signing }

// Public is a public key: it is encrypted to, as a [pqenc.Recipient], and says who
// signed a file, as a [pqenc.Sender].
type Public struct {
	hybrid      *recipient.HybridRecipient
	signing     *signature.PublicKey
	fingerprint Fingerprint
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

// Wrap implements [pqenc.Recipient].
func (p *Public) Wrap(fileKey *pqenc.FileKey, binding *pqenc.Binding) (pqenc.Stanza, error) {
	return p.hybrid.Wrap(fileKey, binding)
}

// Fingerprint returns the name of the identity.
func (p *Public) Fingerprint() Fingerprint { return p.fingerprint }

// VerificationKey returns the half of the key that verifies signatures.
func (p *Public) VerificationKey() *signature.PublicKey { return p.signing }

// Publics are the public keys of several people, as a file of a team has them.
type Publics []*Public

// Recipients returns the keys as those to encrypt to: pass them to
// [pqenc.Encrypt].
func (ps Publics) Recipients() []pqenc.Recipient {
	return each(ps, func(p *Public) pqenc.Recipient { return p })
}

// Senders returns the keys as those who may have signed a file, for
// [pqenc.Policy].
func (ps Publics) Senders() []pqenc.Sender {
	return each(ps, func(p *Public) pqenc.Sender { return p })
}

// Fingerprints returns the names of the identities.
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
