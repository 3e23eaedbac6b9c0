// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/signature"
)

// Fingerprint names an identity.
type Fingerprint = signature.Fingerprint

// A Signer signs files. *keyfile.Identity is one.
type Signer interface {
	Fingerprint() Fingerprint
	SigningKey() *signature.PrivateKey
}

// A Sender may have signed a file. *keyfile.Public is one.
type Sender interface {
	Fingerprint() Fingerprint
	SigningKey() *signature.PublicKey
}

// Policy says which files a reader accepts. The zero value accepts all, and
// verifies no signature.
type Policy struct {
	// From are the senders to choose from: the file must be signed by one of
	// them, for a reader who is among the identities that open it. If there are
	// none, files of anybody are accepted, signed or not.
	From []Sender
	// Context, if not nil, must be exactly that of the signature.
	Context *string
	// AllowForwarded accepts files that were signed for other readers.
	AllowForwarded bool
}

// Level says how far a signature has been checked.
type Level int

const (
	// Unverified: nobody has checked that the named signer signed anything.
	Unverified Level = iota
	// Claimed: the signer made the file key, for the readers of the signature
	// and in its context. Each of those readers could have replaced the
	// contents since.
	Claimed
	// Verified: the signer signed these contents.
	Verified
)

func (l Level) String() string {
	return [...]string{"unverified", "claimed", "verified"}[l]
}

// Signature is what a file says about who made it.
type Signature struct {
	Level     Level
	Signer    Fingerprint
	Time      time.Time // by the signer's clock
	Context   string
	Readers   []Fingerprint // all recipients; none for a passphrase
	Addressed bool          // to one of the identities that were given
	Sole      bool          // nobody but that identity has the file key
}

const (
	sealOverhead = 12 + 16 // nonce and tag
	trailerSize  = signature.Size + sealOverhead
)

// signing is the signature of a file that is being written.
type signing struct {
	signer  Signer
	context string

	id      *format.ID
	keys    *format.Keys
	opening *signature.Opening
	digests digests
}

// open signs the opening and returns the signer stanza.
func (s *signing) open(id *format.ID, keys *format.Keys, to []Recipient, wrapped []Stanza) (Stanza, error) {
	readers, err := readersOf(to, wrapped)
	if err != nil {
		return Stanza{}, err
	}
	s.id, s.keys, s.digests.sum = id, keys, sha256.New()
	s.opening = &signature.Opening{
		Signer:  s.signer.Fingerprint(),
		Time:    uint64(time.Now().Unix()),
		Context: s.context,
		Readers: readers,
	}
	fields, err := s.opening.Marshal()
	if err != nil {
		return Stanza{}, err
	}
	sig, err := s.opening.Sign(s.signer.SigningKey(), id[:])
	if err != nil {
		return Stanza{}, err
	}
	return Stanza{Type: format.TypeSigner, Body: seal(&keys.Signer, id, append(fields, sig...))}, nil
}

// close signs the contents and returns the trailer.
func (s *signing) close(length int64) ([]byte, error) {
	sig, err := s.opening.SignClosing(s.signer.SigningKey(), s.id[:], s.digests.contents(length))
	if err != nil {
		return nil, err
	}
	return seal(&s.keys.Trailer, s.id, sig), nil
}

// readersOf returns the fingerprints of all recipients but passphrases.
func readersOf(to []Recipient, wrapped []Stanza) ([]Fingerprint, error) {
	var all []Fingerprint
	for i, r := range to {
		if named, ok := r.(interface{ Fingerprint() Fingerprint }); ok {
			all = append(all, named.Fingerprint())
		} else if wrapped[i].Type != format.TypePassphrase {
			return nil, ErrAnonymous
		}
	}
	return signature.NewReaders(all), nil
}

// signed is the signature of a file that is being read.
type signed struct {
	id      *format.ID
	keys    *format.Keys
	opening *signature.Opening
	sender  Sender // nil if there is nobody to verify with
	result  Signature
	digests digests
}

// check opens the signer stanza of h and holds it to the policy. It returns nil
// if the file is not signed and need not be.
func (p Policy) check(h *format.Header, keys *format.Keys, ids []Identity) (*signed, error) {
	if !h.Signed {
		if len(p.From) > 0 || p.Context != nil {
			return nil, ErrNotSigned
		}
		return nil, nil
	}
	s := &signed{id: h.ID(), keys: keys, digests: digests{sum: sha256.New()}}
	fields, err := unseal(&keys.Signer, s.id, h.Stanzas[0].Body)
	if err != nil {
		return nil, badSigner("does not authenticate")
	}
	opening, sig, err := signature.ParseOpening(fields)
	if err != nil || len(sig) != signature.Size {
		return nil, badSigner("is malformed")
	}
	s.opening = opening
	s.describe(h, ids)
	if len(p.From) > 0 {
		if err := s.verify(p.From, sig); err != nil {
			return nil, err
		}
		if !s.result.Addressed && !p.AllowForwarded {
			return nil, ErrForwarded
		}
	}
	if p.Context != nil && *p.Context != opening.Context {
		return nil, fmt.Errorf("%w: %q, not %q", ErrContext, opening.Context, *p.Context)
	}
	return s, nil
}

func badSigner(reason string) error {
	return &format.Error{Field: "signer stanza", Reason: reason, Kind: ErrHeader}
}

// describe fills in what the opening says, unverified.
func (s *signed) describe(h *format.Header, ids []Identity) {
	o := s.opening
	s.result = Signature{
		Signer:  o.Signer,
		Time:    time.Unix(int64(min(o.Time, 1<<62)), 0),
		Context: o.Context,
		Readers: o.Readers,
	}
	for _, id := range ids {
		if named, ok := id.(interface{ Fingerprint() Fingerprint }); ok && o.HasReader(named.Fingerprint()) {
			s.result.Addressed = true
		}
	}
	s.result.Sole = s.result.Addressed && len(o.Readers) == 1
	// Whoever knows the passphrase is the reader that was meant.
	passphrase := slices.ContainsFunc(h.Stanzas, func(s Stanza) bool { return s.Type == format.TypePassphrase })
	if passphrase && len(o.Readers) == 0 {
		s.result.Addressed = true
	}
}

// verify finds the signer among the senders, and checks the opening.
func (s *signed) verify(senders []Sender, sig []byte) error {
	i := slices.IndexFunc(senders, func(f Sender) bool { return f.Fingerprint() == s.opening.Signer })
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrWrongSigner, s.opening.Signer)
	}
	s.sender = senders[i]
	if s.opening.Verify(s.sender.SigningKey(), s.id[:], sig) != nil {
		return ErrSignature
	}
	s.result.Level = Claimed
	return nil
}

// close checks the trailer, once the digests of all chunks are there.
func (s *signed) close(trailer []byte, length int64) error {
	sig, err := unseal(&s.keys.Trailer, s.id, trailer)
	if err != nil {
		return fmt.Errorf("%w: the trailer was changed or is from another file", ErrBody)
	}
	if s.sender == nil {
		return nil
	}
	if s.opening.VerifyClosing(s.sender.SigningKey(), s.id[:], s.digests.contents(length), sig) != nil {
		return ErrReplaced
	}
	s.result.Level = Verified
	return nil
}

func (s *signed) signature() *Signature {
	if s == nil {
		return nil
	}
	result := s.result
	return &result
}

// digests hashes the digests of a body's chunks, in their order.
type digests struct {
	sum hash.Hash
	// list has the digests themselves, if keep is set.
	keep bool
	list [][sha256.Size]byte
}

func (d *digests) add(_ uint32, digest [sha256.Size]byte) error {
	d.sum.Write(digest[:])
	if d.keep {
		d.list = append(d.list, digest)
	}
	return nil
}

// expect returns an error unless the digest is the one that was added.
func (d *digests) expect(index uint32, digest [sha256.Size]byte) error {
	if int(index) >= len(d.list) || digest != d.list[index] {
		return fmt.Errorf("%w: they changed after they were verified", ErrReplaced)
	}
	return nil
}

func (d *digests) contents(length int64) signature.Contents {
	return signature.Contents{Length: uint64(length), Digest: [sha256.Size]byte(d.sum.Sum(nil))}
}

// seal returns nonce || ciphertext || tag. The nonce is random, since a rewrap
// must be free to seal again.
func seal(key *[32]byte, id *format.ID, plaintext []byte) []byte {
	nonce := make([]byte, 12, 12+len(plaintext)+16)
	rand.Read(nonce)
	return sealAEAD(key).Seal(nonce, nonce, plaintext, id[:])
}

func unseal(key *[32]byte, id *format.ID, sealed []byte) ([]byte, error) {
	if len(sealed) < sealOverhead {
		return nil, errors.New("too short")
	}
	return sealAEAD(key).Open(nil, sealed[:12], bytes.Clone(sealed[12:]), id[:])
}

func sealAEAD(key *[32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("pqenc: internal error: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("pqenc: internal error: " + err.Error())
	}
	return aead
}
