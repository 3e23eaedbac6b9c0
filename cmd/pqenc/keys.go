// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// This file turns arguments into keys, for all commands alike: see [locate]. Errors name
// the argument.

// publicKeys returns the public keys that an argument names, of one or more people.
func publicKeys(arg string) (keyfile.Publics, error) {
	to, err := recipientKeys(arg)
	if err != nil {
		return nil, err
	}
	keys, err := publicsOf(to)
	return keys, in(shown(arg), err)
}

// recipientKeys returns the recipients that an argument names: public keys or age keys.
// The argument can itself be an age key.
func recipientKeys(arg string) ([]pqenc.Recipient, error) {
	if isAgeText(arg) {
		return ageRecipients(arg)
	}
	at, err := locate(arg)
	if err != nil {
		return nil, err
	}
	if at.ring != nil {
		e, err := at.ring.Find(at.name)
		return keyfile.Publics{e.Public}.Recipients(), err
	}
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		keys, err := publicKeysBelow(arg)
		return keys.Recipients(), err
	}
	to, err := keyfile.LoadRecipients(arg)
	return to, at.explain(err)
}

// publicKeysBelow returns the keys in all .pub files of a folder.
func publicKeysBelow(folder string) (all keyfile.Publics, err error) {
	files, err := publicFiles(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		keys, err := keyfile.LoadPublic(name)
		if err != nil {
			return nil, in(name, err)
		}
		all = append(all, keys...)
	}
	if len(all) == 0 {
		return nil, &failure{errors.New(folder + " has no file that ends in .pub"), exitKeyFile, nil}
	}
	return all, nil
}

// publicFiles returns the names of the .pub files in a folder.
func publicFiles(folder string) (names []string, err error) {
	files, err := os.ReadDir(folder)
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".pub") && !strings.HasPrefix(file.Name(), ".") {
			names = append(names, filepath.Join(folder, file.Name()))
		}
	}
	return names, err
}

// fingerprints returns the fingerprints of the public keys that an argument names, or the
// fingerprint that it is.
func fingerprints(arg string) ([]keyfile.Fingerprint, error) {
	if strings.HasPrefix(arg, signature.FingerprintPrefix) {
		key, err := signature.ParseFingerprint(arg)
		return []keyfile.Fingerprint{key}, in(arg, err)
	}
	keys, err := publicKeys(arg)
	if err != nil {
		return nil, err
	}
	if _, err := amongKnown(keys, nil); err != nil {
		return nil, in(arg, err)
	}
	return keys.Fingerprints(), nil
}

// amongKnown completes public keys with the successions that the other keys of the
// command and the keyring know. It returns an error if a key has two successors.
func amongKnown(keys, others keyfile.Publics) (keyfile.Publics, error) {
	if r, err := ring(); err == nil && len(keys) > 0 {
		others = append(r.Related(keys), others...)
	}
	return keys.Among(others)
}

// together is amongKnown for recipients. Age keys have no successions.
func together(to, others []pqenc.Recipient) ([]pqenc.Recipient, error) {
	keys, err := amongKnown(publicsAmong(to), publicsAmong(others))
	if err != nil {
		return nil, err
	}
	for i, r := range to {
		if _, ok := r.(*keyfile.Public); ok {
			to[i], keys = keys[0], keys[1:]
		}
	}
	return to, nil
}

// publicsAmong returns those recipients that are public keys of pqenc.
func publicsAmong(to []pqenc.Recipient) (keys keyfile.Publics) {
	for _, r := range to {
		if key, ok := r.(*keyfile.Public); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// privateKeys returns the decryption keys that arguments name. Protected ones are
// decrypted when a file needs them.
func (a *app) privateKeys(args []string, p *passphraseFlags) (list []pqenc.Identity, err error) {
	for _, arg := range args {
		at, err := locate(arg)
		if err != nil {
			return nil, err
		}
		ids, err := a.closedKeys(at, p)
		if err != nil {
			return nil, err
		}
		list = append(list, ids...)
	}
	return list, nil
}

// privateKey returns the private key that an argument names, for signing or logging in.
// It asks for the passphrase if needed.
func (a *app) privateKey(arg string, p *passphraseFlags) (*keyfile.Identity, error) {
	at, err := locate(arg)
	if err != nil {
		return nil, err
	}
	return a.privateKeyAt(at, p)
}

func (a *app) privateKeyAt(at place, p *passphraseFlags) (*keyfile.Identity, error) {
	ids, err := a.closedKeys(at, p)
	if err != nil {
		return nil, err
	}
	key, err := opened(ids)
	return key, in(at.arg, err)
}

// closedKeys returns the private keys in a file, without decrypting protected ones. It
// reads the file once, so that its passphrase is asked for only once.
func (a *app) closedKeys(at place, p *passphraseFlags) ([]pqenc.Identity, error) {
	if ids := a.private[at.privateFile()]; ids != nil {
		return ids, nil
	}
	data, err := a.readPrivate(at)
	if err != nil {
		return nil, err
	}
	var ids []pqenc.Identity
	all, err := keyfile.ReadIdentities(bytes.NewReader(data), nil)
	if errors.Is(err, keyfile.ErrProtected) {
		ids = []pqenc.Identity{&protected{at: at, data: data, app: a, ask: p.ask(a, at.arg)}}
	} else if ids, err = a.openKeys(at, data, all, err); err != nil {
		return nil, err
	}
	if a.private == nil {
		a.private = make(map[string][]pqenc.Identity)
	}
	a.private[at.privateFile()] = ids
	return ids, nil
}

// openKeys returns the keys in an unprotected private key file: the given ones, or age
// keys.
func (a *app) openKeys(at place, data []byte, read []*keyfile.Identity, err error) (ids []pqenc.Identity, _ error) {
	defer clear(data)
	if keyfile.IsAge(err) {
		ids, err = ageIdentities(data)
	}
	if err != nil {
		return nil, in(at.arg, err)
	}
	if err := at.check(a, read); err != nil {
		return nil, err
	}
	for _, id := range read {
		ids = append(ids, id)
	}
	if keyfile.Exposed(at.privateFile()) {
		a.warn("%s can be read by others (chmod 600 fixes that)", at.privateFile())
	}
	return ids, nil
}

// readPrivate reads a private key file. No output may replace the file from then on.
func (a *app) readPrivate(at place) ([]byte, error) {
	f, err := at.openPrivate()
	if err != nil {
		return nil, at.explain(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		return nil, withHints(&fs.PathError{Op: "read", Path: at.privateFile(), Err: syscall.EISDIR}, "name the file of one private key")
	case err == nil && info.Mode().IsRegular():
		a.keys = append(a.keys, info)
	}
	// only once, since it may be a pipe; the extra byte shows that the file is too large
	return io.ReadAll(io.LimitReader(f, keyfile.MaxIdentitySize+1))
}

// opened returns the private key itself, and asks for its passphrase if needed.
func opened(ids []pqenc.Identity) (*keyfile.Identity, error) {
	if _, ok := ids[0].(*recipient.HybridIdentity); ok {
		return nil, errAgeKey
	}
	if len(ids) != 1 {
		return nil, keyfile.ErrSeveral
	}
	if closed, ok := ids[0].(*protected); ok {
		all, err := closed.open()
		if err == nil && len(all) != 1 {
			err = keyfile.ErrSeveral
		}
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
	return ids[0].(*keyfile.Identity), nil
}

// identitiesIn returns the identities in a private key, decrypted.
func identitiesIn(id pqenc.Identity) ([]*keyfile.Identity, error) {
	switch id := id.(type) {
	case *keyfile.Identity:
		return []*keyfile.Identity{id}, nil
	case *protected:
		ids, err := id.open()
		return ids, in(id.at.arg, err)
	case *ownKey:
		key, err := id.load()
		if err != nil {
			return nil, err
		}
		return identitiesIn(key)
	}
	return nil, nil // an age key
}

// ownKeys returns the default identity and its name, or nothing if there is none. Errors
// in it appear when it is needed.
func (a *app) ownKeys(p *passphraseFlags) (list []pqenc.Identity, name string) {
	at, err := defaultKey()
	if err == nil && at.ring == nil {
		return nil, ""
	}
	load := func() (pqenc.Identity, error) {
		if err != nil {
			return nil, err
		}
		ids, err := a.closedKeys(at, p)
		if err != nil {
			return nil, err
		}
		return ids[0], nil
	}
	return []pqenc.Identity{&ownKey{load: load}}, at.name
}

// loginKey returns the private key that an argument names, or the default identity if the
// argument is empty, in the generation to log in with.
func (a *app) loginKey(arg string, g generationFlag, p *passphraseFlags) (*keyfile.Identity, error) {
	at, err := locateOwn(arg, notLoggedIn())
	if err != nil {
		return nil, err
	}
	id, err := a.privateKeyAt(at, p)
	if err != nil {
		return nil, err
	}
	return g.of(id)
}

// checkLogin requires an argument or a default identity to log in with.
func checkLogin(arg string) error {
	if arg != "" {
		return nil
	}
	_, err := locateOwn("", notLoggedIn())
	return err
}

// eitherKeys returns the public keys that an argument names, or those of the private keys
// in the file that it names.
func (a *app) eitherKeys(arg string, p *passphraseFlags) (keyfile.Publics, error) {
	at, err := locate(arg)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(arg)
	if at.ring != nil || isAgeText(arg) || err == nil && info.IsDir() {
		return publicKeys(arg)
	}
	keys, _, err := readEither(arg, p.ask(a, arg))
	return keys, at.explain(err)
}

// readEither reads the public keys in a file, or those of the private keys in it.
func readEither(name string, ask func() ([]byte, error)) (keys keyfile.Publics, private bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyfile.MaxPublicSize+1)) // only once, since it may be a pipe
	if err != nil {
		return nil, false, err
	}
	keys, err = keyfile.ReadPublic(bytes.NewReader(data))
	if !errors.Is(err, keyfile.ErrIsPrivate) && !errors.Is(err, keyfile.ErrProtected) {
		return keys, false, err
	}
	ids, err := keyfile.ReadIdentities(bytes.NewReader(data), ask)
	for _, id := range ids {
		keys = append(keys, id.Public())
	}
	return keys, true, err
}
