// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/sha256"
	"time"

	"github.com/pqenc/pqenc/format"
)

// signing is the signature of a file that is being written.
type signing struct {
	signer  Signer
	context string

	id      *format.ID
	keys    *format.Keys
	opening *opening
	digests digests
}

// open signs the opening and returns the signer stanza.
func (s *signing) open(id *format.ID, keys *format.Keys, to []Recipient, wrapped []Stanza) (Stanza, error) {
	readers, err := readersOf(to, wrapped)
	if err != nil {
		return Stanza{}, err
	}
	s.id, s.keys, s.digests.sum = id, keys, sha256.New()
	s.opening = &opening{
		signer:  s.signer.Fingerprint(),
		time:    uint64(time.Now().Unix()),
		context: s.context,
		readers: readers,
	}
	fields, err := s.opening.marshal()
	if err != nil {
		return Stanza{}, err
	}
	sig, err := s.opening.sign(s.signer.SigningKey(), id)
	if err != nil {
		return Stanza{}, err
	}
	return Stanza{Type: format.TypeSigner, Body: seal(&keys.Signer, id, append(fields, sig...))}, nil
}

// close signs the contents and returns the trailer.
func (s *signing) close(length int64) ([]byte, error) {
	sig, err := s.opening.signClosing(s.signer.SigningKey(), s.id, s.digests.contents(length))
	if err != nil {
		return nil, err
	}
	return seal(&s.keys.Trailer, s.id, sig), nil
}

// readersOf returns the fingerprints of all recipients that are not passphrases.
func readersOf(to []Recipient, wrapped []Stanza) ([]Fingerprint, error) {
	var all []Fingerprint
	for i, r := range to {
		if n, ok := r.(named); ok {
			all = append(all, n.Fingerprint())
		} else if wrapped[i].Type != format.TypePassphrase {
			return nil, ErrAnonymous
		}
	}
	return sortedReaders(all), nil
}
