// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// identities are the private keys that -i names, or the default identity, and a
// passphrase that is asked for when a file needs it.
type identities struct {
	list    []pqenc.Identity
	named   int
	own     string // name of the default identity, if that is tried
	witness witness
}

// identities reads the private keys, so that errors in them appear now. Protected ones
// are decrypted only when a file needs them, and the default identity is read only then.
func (a *app) identities(keys *identityFlag, passphrase bool, secret *secretFlags, src *input) (*identities, error) {
	ofFile, ofKeys := secret.roles(passphrase || len(keys.Identity) == 0)
	named, own, err := a.decryptors(keys, ofKeys)
	if err != nil {
		return nil, err
	}
	if err := secret.check(src, len(named) > 0); err != nil {
		return nil, err
	}
	return newIdentities(named, own, recipient.NewPrompted(ofFile.askForFile(a, src.name, len(named) > 0 && !passphrase))), nil
}

// askForFile asks for the passphrase of a file. If the flags name only keys, and there is
// no terminal, the error is that no key opens the file.
func (p *passphraseFlags) askForFile(a *app, name string, keysOnly bool) func() ([]byte, error) {
	ask := p.ask(a, name)
	return func() ([]byte, error) {
		secret, err := ask()
		if keysOnly && errors.Is(err, terminal.ErrNoTerminal) {
			hint := p.source.missing
			if hint == "" {
				hint = "give it with -p and --passphrase-file or --passphrase-fd"
			}
			err = &failure{errors.New("no matching key: the file has a passphrase, and there is no terminal to ask for it"), exitNoKey, []string{hint}}
		}
		return secret, err
	}
}

// decryptors returns the private keys that -i names, unprotected ones first; or else the
// default identity and its name.
func (a *app) decryptors(keys *identityFlag, p *passphraseFlags) (list []pqenc.Identity, own string, err error) {
	if len(keys.Identity) == 0 {
		list, own = a.ownKeys(p)
		return list, own, nil
	}
	list, err = a.privateKeys(keys.Identity, p)
	slices.SortStableFunc(list, func(x, y pqenc.Identity) int { return cmp.Compare(closed(x), closed(y)) })
	return list, "", err
}

// closed returns 1 for a protected key, and 0 for others.
func closed(id pqenc.Identity) int {
	if _, ok := id.(*protected); ok {
		return 1
	}
	return 0
}

// newIdentities returns the keys for one file, and its passphrase if that may be tried.
func newIdentities(named []pqenc.Identity, own string, passphrase *recipient.Prompted) *identities {
	keys := &identities{named: len(named), own: own}
	keys.list = append(keys.list, &keys.witness)
	keys.list = append(keys.list, named...)
	if passphrase != nil {
		keys.list = append(keys.list, passphrase)
	}
	return keys
}

// protected is a protected private key, which is decrypted when a file needs it.
type protected struct {
	at   place
	data []byte
	app  *app
	ask  func() ([]byte, error)

	mu    sync.Mutex          // held while asking for the passphrase
	ids   []*keyfile.Identity // once decrypted
	wrong error               // set after a wrong passphrase, which is not asked for again
}

// Unwrap implements [pqenc.Identity]. After a wrong passphrase, the next key is tried.
func (k *protected) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	if s.Type != format.TypeHybrid {
		return nil, pqenc.ErrNoMatch
	}
	ids, err := k.open()
	if errors.Is(err, keyfile.ErrPassphrase) {
		return nil, &wrongKey{in(k.at.arg, err)}
	}
	if err != nil {
		return nil, in(k.at.arg, err)
	}
	for _, id := range ids {
		if fileKey, err := id.Unwrap(s, binding); !errors.Is(err, pqenc.ErrNoMatch) {
			return fileKey, err
		}
	}
	return nil, pqenc.ErrNoMatch
}

// open asks for the passphrase, unless that was done before.
func (k *protected) open() ([]*keyfile.Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ids != nil || k.wrong != nil {
		return k.ids, k.wrong
	}
	ids, err := keyfile.ReadIdentities(bytes.NewReader(k.data), k.ask)
	if errors.Is(err, keyfile.ErrPassphrase) {
		k.wrong = err
	}
	if err == nil {
		err = k.at.check(k.app, ids)
	}
	if err != nil {
		return nil, err
	}
	k.ids = ids
	return ids, nil
}

// Fingerprints returns the fingerprints of the identities, or none before they are
// decrypted.
func (k *protected) Fingerprints() (all []pqenc.Fingerprint) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range k.ids {
		all = append(all, id.Fingerprints()...)
	}
	return all
}

// wrongKey is the error for a key with a wrong passphrase. If no other key opens the
// file, it is the reason.
type wrongKey struct{ err error }

func (w *wrongKey) Error() string   { return w.err.Error() }
func (w *wrongKey) Unwrap() []error { return []error{w.err, pqenc.ErrNoMatch} }

// oneAtATime returns an identity for several files at once. It holds mu while asking for
// a passphrase.
func oneAtATime(id pqenc.Identity, mu *sync.Mutex) pqenc.Identity {
	switch id.(type) {
	case *keyfile.Identity, *recipient.HybridIdentity:
		return id
	}
	return &askingIdentity{id, mu}
}

// askingIdentity is an identity that may ask for a passphrase, but only once.
type askingIdentity struct {
	id pqenc.Identity
	mu *sync.Mutex
}

// Unwrap implements [pqenc.Identity].
func (o *askingIdentity) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id.Unwrap(s, binding)
}

// Fingerprints returns the fingerprints of the identity, if they are known by now.
func (o *askingIdentity) Fingerprints() []pqenc.Fingerprint {
	o.mu.Lock()
	defer o.mu.Unlock()
	if named, ok := o.id.(interface{ Fingerprints() []pqenc.Fingerprint }); ok {
		return named.Fingerprints()
	}
	return nil
}

// ownKey is the default identity, which is read when a file needs a key.
type ownKey struct {
	load func() (pqenc.Identity, error)
	mu   sync.Mutex // held while reading it
	id   pqenc.Identity
}

// Unwrap implements [pqenc.Identity].
func (k *ownKey) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	if s.Type != format.TypeHybrid {
		return nil, pqenc.ErrNoMatch
	}
	id, err := k.open()
	if err != nil {
		return nil, err
	}
	return id.Unwrap(s, binding)
}

// open reads the identity, unless that was done before.
func (k *ownKey) open() (pqenc.Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == nil {
		id, err := k.load()
		if err != nil {
			return nil, err
		}
		k.id = id
	}
	return k.id, nil
}

// Fingerprints returns the fingerprints of the identity, or none before it is read.
func (k *ownKey) Fingerprints() []pqenc.Fingerprint {
	k.mu.Lock()
	defer k.mu.Unlock()
	if named, ok := k.id.(interface{ Fingerprints() []pqenc.Fingerprint }); ok {
		return named.Fingerprints()
	}
	return nil
}

// witness opens nothing, but records what kinds of recipients a file has.
type witness struct{ hybrid, passphrase bool }

func (w *witness) Unwrap(s pqenc.Stanza, _ *pqenc.Binding) (*pqenc.FileKey, error) {
	w.hybrid = w.hybrid || s.Type == format.TypeHybrid
	w.passphrase = w.passphrase || s.Type == format.TypePassphrase
	return nil, pqenc.ErrNoMatch
}

var errWrongPassphrase = errors.New("wrong passphrase")

// explain improves an error with what is known about the keys and about the file, whose
// first bytes are given.
func (k *identities) explain(err error, begin []byte) error {
	switch {
	case errors.Is(err, pqenc.ErrNotPqenc):
		if hint := looksLike(begin); hint != "" {
			return withHints(err, hint)
		}
		return withHints(err, "only files that pqenc made can be decrypted")
	case errors.Is(err, pqenc.ErrNoMatch):
		return k.noMatch(err)
	}
	return err
}

// noMatch explains why no key opens a file.
func (k *identities) noMatch(err error) error {
	var wrong *wrongKey
	switch {
	case errors.As(err, &wrong):
		return wrong.err
	case errors.Is(err, recipient.ErrWrongPassphrase):
		return errWrongPassphrase
	case k.witness.passphrase:
		return &failure{errors.New("the file has a passphrase, and none was given"), exitNoKey,
			[]string{"to try a passphrase, use -p: the operator of the server learns whether it was right"}}
	case k.named == 0:
		return &failure{errors.New("the file needs a private key, and none was given"), exitNoKey,
			[]string{"name one with -i, or make a default identity with \"pqenc keygen\""}}
	case !k.witness.hybrid:
		return &failure{errors.New("the file is for kinds of keys that this release does not know"), exitNoKey,
			[]string{"a newer release of pqenc may read it"}}
	case k.own != "":
		return &failure{errors.New("no matching key: the file was not encrypted to " + k.own + ", your default identity, or its header is damaged"), exitNoKey,
			[]string{"name another key with -i", "ask the sender to which fingerprint it was encrypted; \"pqenc key list\" shows yours"}}
	default:
		return &failure{errors.New("no matching key: the file was not encrypted to the keys that -i names, or its header is damaged"), exitNoKey,
			[]string{"ask the sender to which fingerprint it was encrypted; \"pqenc fingerprint KEY\" shows yours"}}
	}
}
