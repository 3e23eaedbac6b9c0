// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/signature"
)

// signed is the signature of a file while it is read.
type signed struct {
	id      *format.ID
	keys    *format.Keys
	opening *opening
	sender  Sender // nil if there is nobody to verify with
	result  Signature
	digests digests
}

// openSigned opens the signer stanza of h, which is of a signed file.
func openSigned(h *format.Header, keys *format.Keys) (s *signed, sig []byte, err error) {
	s = &signed{id: h.ID(), keys: keys, digests: digests{sum: sha256.New()}}
	fields, err := unseal(&keys.Signer, s.id, h.Stanzas[0].Body)
	if err != nil {
		return nil, nil, badSigner("does not authenticate")
	}
	if s.opening, sig, err = parseOpening(fields); err != nil {
		return nil, nil, err
	}
	if len(sig) != signature.Size {
		return nil, nil, badSigner("is malformed")
	}
	return s, sig, nil
}

// check opens the signer stanza of h and checks it against the policy. It returns nil if the
// file is not signed and need not be.
func (p Policy) check(h *format.Header, keys *format.Keys, ids []Identity) (*signed, error) {
	if p.Context != nil && len(p.From) == 0 {
		return nil, errContextAlone
	}
	if !h.Signed {
		if len(p.From) > 0 {
			return nil, ErrNotSigned
		}
		return nil, nil
	}
	s, sig, err := openSigned(h, keys)
	if err != nil {
		return nil, err
	}
	s.describe(h, ids)
	if len(p.From) > 0 {
		if err := s.verify(p.From, sig); err != nil {
			return nil, err
		}
		if !s.result.Addressed && !p.AllowForwarded {
			return nil, ErrForwarded
		}
	}
	if p.Context != nil && *p.Context != s.opening.context {
		return nil, fmt.Errorf("%w: %q, not %q", ErrContext, s.opening.context, *p.Context)
	}
	return s, nil
}

// errContextAlone is for a policy with a context and no senders.
var errContextAlone = errors.New("a context can be required only of a verified signer: name the senders in Policy.From")

func badSigner(reason string) error {
	return &format.Error{Field: "signer stanza", Reason: reason, Kind: ErrHeader}
}

// describe sets the result to the statement of the opening, unverified.
func (s *signed) describe(h *format.Header, ids []Identity) {
	o := s.opening
	s.result = Signature{
		Signer:  o.signer,
		Time:    timeOf(o.time),
		Context: o.context,
		Readers: o.readers,
	}
	for _, id := range ids {
		if slices.ContainsFunc(fingerprintsOf(id), o.hasReader) {
			s.result.Addressed = true
		}
	}
	// A file for a passphrase is for everybody who knows it.
	passphrase := slices.ContainsFunc(h.Stanzas, func(s Stanza) bool { return s.Type == format.TypePassphrase })
	if passphrase && len(o.readers) == 0 {
		s.result.Addressed = true
	}
}

// fingerprintsOf returns the fingerprints by which a signature can name a recipient or an
// identity.
func fingerprintsOf(key any) []Fingerprint {
	switch key := key.(type) {
	case interface{ Fingerprints() []Fingerprint }: // of several generations
		return key.Fingerprints()
	case named:
		return []Fingerprint{key.Fingerprint()}
	}
	return nil
}

// verify finds the signer among the senders, and checks the opening.
func (s *signed) verify(senders []Sender, sig []byte) error {
	sender, err := findSender(senders, s.opening.signer)
	if err != nil {
		return err
	}
	s.sender = sender
	if s.opening.verify(s.sender.VerificationKey(), s.id, sig) != nil {
		return ErrSignature
	}
	if err := checkRetired(senders, s.opening.signer, s.result.Time); err != nil {
		return err
	}
	s.result.Level = Claimed
	return nil
}

// findSender returns the sender with the fingerprint.
func findSender(senders []Sender, signer Fingerprint) (Sender, error) {
	i := slices.IndexFunc(senders, func(f Sender) bool { return f.Fingerprint() == signer })
	if i < 0 {
		return nil, &SignerError{signer}
	}
	return senders[i], nil
}

// checkRetired refuses signatures from after the retirement of one of the senders with the
// fingerprint. The caller must have verified the signature, and so the time.
func checkRetired(senders []Sender, signer Fingerprint, signed time.Time) error {
	for _, f := range senders {
		r, ok := f.(interface{ Retired() time.Time })
		if !ok || f.Fingerprint() != signer || r.Retired().IsZero() {
			continue
		}
		if retired := r.Retired(); signed.After(retired) {
			return fmt.Errorf("%w: %s, on %s", ErrRetired, signer, retired.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// closing returns the closing signature from the trailer.
func (s *signed) closing(trailer []byte) ([]byte, error) {
	sig, err := unseal(&s.keys.Trailer, s.id, trailer)
	if err != nil {
		return nil, fmt.Errorf("%w: the trailer was changed or is from another file", ErrBody)
	}
	return sig, nil
}

// close checks the trailer, after the digests of all chunks were added.
func (s *signed) close(trailer []byte, length int64) error {
	sig, err := s.closing(trailer)
	if err != nil || s.sender == nil {
		return err
	}
	if s.opening.verifyClosing(s.sender.VerificationKey(), s.id, s.digests.contents(length), sig) != nil {
		return ErrReplaced
	}
	s.result.Level = Verified
	return nil
}

// forwarded returns the recipients that the opening does not name.
func (s *signed) forwarded(to []Recipient) (others []Recipient) {
	if s == nil {
		return nil
	}
	for _, r := range to {
		t, ok := r.(typed)
		passphrase := ok && t.StanzaType() == format.TypePassphrase && len(s.opening.readers) == 0
		if !passphrase && !slices.ContainsFunc(fingerprintsOf(r), s.opening.hasReader) {
			others = append(others, r)
		}
	}
	return others
}

func (s *signed) signature() *Signature {
	if s == nil {
		return nil
	}
	result := s.result
	result.Readers = slices.Clone(result.Readers)
	return &result
}
