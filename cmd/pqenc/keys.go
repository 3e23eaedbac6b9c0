// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
)

// How an argument becomes keys. Every command gets them here, so that all of them
// take the same arguments. Errors name the argument.

// publicKeys returns the public keys that an argument names, of one person or of
// several.
func publicKeys(arg string) (keyfile.Publics, error) {
	keys, err := keyfile.LoadPublic(arg)
	return keys, in(arg, err)
}

// fingerprints returns the fingerprints of the public keys that an argument names,
// or the one that it is.
func fingerprints(arg string) ([]keyfile.Fingerprint, error) {
	if strings.HasPrefix(arg, signature.FingerprintPrefix) {
		key, err := signature.ParseFingerprint(arg)
		return []keyfile.Fingerprint{key}, err
	}
	keys, err := publicKeys(arg)
	if err != nil {
		return nil, err
	}
	return keys.Fingerprints(), nil
}

// privateKeys returns the private keys that arguments name, to open files with.
// Protected ones stay closed until a file needs them.
func (a *app) privateKeys(args []string, p *passphraseFlags) (list []pqenc.Identity, err error) {
	for _, arg := range args {
		id, err := a.closedKey(arg, p)
		if err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, nil
}

// privateKey returns the one private key that an argument names, to sign or to log
// in with. It is opened.
func (a *app) privateKey(arg string, p *passphraseFlags) (*keyfile.Identity, error) {
	id, err := a.closedKey(arg, p)
	if err != nil {
		return nil, err
	}
	key, err := opened(id)
	return key, in(arg, err)
}

// closedKey returns the private key that an argument names, closed if it is
// protected.
func (a *app) closedKey(arg string, p *passphraseFlags) (pqenc.Identity, error) {
	data, err := a.readPrivate(arg)
	if err != nil {
		return nil, err
	}
	id, err := keyfile.ReadIdentity(bytes.NewReader(data), nil)
	if errors.Is(err, keyfile.ErrProtected) {
		return &protected{name: arg, data: data, ask: p.ask(a, arg)}, nil
	}
	if err != nil {
		return nil, in(arg, err)
	}
	if keyfile.Exposed(arg) {
		a.warn("%s can be read by others (chmod 600 mends that)", arg)
	}
	return id, nil
}

// readPrivate reads the file of a private key, which no output may replace from then
// on.
func (a *app) readPrivate(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		a.keys = append(a.keys, info)
	}
	// Once only, since it may be a pipe; one byte more than it may have shows.
	return io.ReadAll(io.LimitReader(f, keyfile.MaxIdentitySize+1))
}

// opened returns the private key itself, which may need its passphrase.
func opened(id pqenc.Identity) (*keyfile.Identity, error) {
	if closed, ok := id.(*protected); ok {
		return closed.open()
	}
	return id.(*keyfile.Identity), nil
}

// eitherKeys returns the public keys that an argument names, or those of the private
// key that it names.
func (a *app) eitherKeys(arg string, p *passphraseFlags) (keyfile.Publics, error) {
	f, err := os.Open(arg)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyfile.MaxPublicSize+1))
	if err != nil {
		return nil, err
	}
	keys, err := keyfile.ReadPublic(bytes.NewReader(data))
	if errors.Is(err, keyfile.ErrIsPrivate) || errors.Is(err, keyfile.ErrProtected) {
		var id *keyfile.Identity
		if id, err = keyfile.ReadIdentity(bytes.NewReader(data), p.ask(a, arg)); err == nil {
			keys = keyfile.Publics{id.Public()}
		}
	}
	return keys, in(arg, err)
}
