// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// identities are the private keys that -i names, in their order, and a
// passphrase that is asked for if a file needs it.
type identities struct {
	list    []pqenc.Identity
	named   int
	witness witness
}

// identities reads the private keys. What is wrong with them shows now, but
// protected ones stay closed until a file needs them.
func (a *app) identities(keys *identityFlag, passphrase bool, secret *secretFlags, src *input) (*identities, error) {
	if err := secret.check(src, len(keys.Identity) > 0); err != nil {
		return nil, err
	}
	ofFile, ofKeys := secret.roles(passphrase || len(keys.Identity) == 0)
	list, err := a.privateKeys(keys.Identity, ofKeys)
	return newIdentities(list, recipient.NewPrompted(ofFile.ask(a, src.name))), err
}

// newIdentities returns the keys for one file, and its passphrase, if that may be
// tried.
func newIdentities(named []pqenc.Identity, passphrase *recipient.Prompted) *identities {
	keys := &identities{named: len(named)}
	keys.list = append(keys.list, &keys.witness)
	keys.list = append(keys.list, named...)
	if passphrase != nil {
		keys.list = append(keys.list, passphrase)
	}
	return keys
}

// protected is a private key that its passphrase opens when a file needs it.
type protected struct {
	name string
	data []byte
	ask  func() ([]byte, error)
	id   *keyfile.Identity
}

func (k *protected) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	if s.Type != format.TypeHybrid {
		return nil, pqenc.ErrNoMatch
	}
	id, err := k.open()
	if err != nil {
		return nil, in(k.name, err)
	}
	return id.Unwrap(s, binding)
}

// open asks for the passphrase, if that has not been done.
func (k *protected) open() (*keyfile.Identity, error) {
	if k.id == nil {
		id, err := keyfile.ReadIdentity(bytes.NewReader(k.data), k.ask)
		if err != nil {
			return nil, err
		}
		k.id = id
	}
	return k.id, nil
}

// Fingerprints returns the names of the identity, or none while it is closed.
func (k *protected) Fingerprints() []pqenc.Fingerprint {
	if k.id == nil {
		return nil
	}
	return k.id.Fingerprints()
}

// witness opens nothing. It sees what a file can be opened with.
type witness struct{ hybrid, passphrase bool }

func (w *witness) Unwrap(s pqenc.Stanza, _ *pqenc.Binding) (*pqenc.FileKey, error) {
	w.hybrid = w.hybrid || s.Type == format.TypeHybrid
	w.passphrase = w.passphrase || s.Type == format.TypePassphrase
	return nil, pqenc.ErrNoMatch
}

var errWrongPassphrase = errors.New("wrong passphrase")

// noMatch explains why no key opened a file.
func (k *identities) noMatch(err error) error {
	switch {
	case errors.Is(err, recipient.ErrWrongPassphrase):
		return errWrongPassphrase
	case k.witness.passphrase:
		return &failure{errors.New("the file has a passphrase, and none was to be tried"), exitNoKey,
			[]string{"if you know that it has one, try it with -p: whoever runs the server learns whether it is the right one"}}
	case k.named == 0:
		return &failure{errors.New("the file needs a private key, and none was given"), exitNoKey,
			[]string{"name one with -i"}}
	case !k.witness.hybrid:
		return &failure{errors.New("the file is for kinds of keys that this release does not know"), exitNoKey,
			[]string{"a newer release of pqenc may read it"}}
	default:
		return &failure{errors.New("no matching key: the file was not encrypted to the keys that -i names"), exitNoKey,
			[]string{"ask the sender to which fingerprint it was encrypted; \"pqenc fingerprint KEY\" shows yours"}}
	}
}
