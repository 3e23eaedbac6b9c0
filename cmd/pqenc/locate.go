// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
	"github.com/pqenc/pqenc/signature"
)

// place is the place of keys: in the keyring or in a file.
type place struct {
	arg  string
	ring *keyring.Ring // nil if it is a file
	name string        // in the keyring
}

// ring returns the keyring, which may be empty.
func ring() (*keyring.Ring, error) {
	dir, err := keyring.Dir()
	if err != nil {
		return nil, withHints(err, "set PQENC_HOME to a folder for keys")
	}
	return keyring.New(dir), nil
}

// isPath reports whether an argument can only be a path: it has a separator, or ends like
// a key file.
func isPath(arg string) bool {
	return strings.ContainsRune(arg, '/') || strings.ContainsRune(arg, os.PathSeparator) ||
		strings.HasSuffix(arg, ".pub") || strings.HasSuffix(arg, ".key")
}

// locate resolves an argument. Unless it can only be a path, it is a name if the keyring
// has it, and else a file. If both exist, that is an error: a file that somebody put here
// must not decide who "alice" is. A folder counts only if it has keys. A fingerprint
// stands for the key in the keyring.
func locate(arg string) (place, error) { return locateBeside(arg, arg) }

// locateBeside is like locate for an argument that stands for the file with the given
// path.
func locateBeside(arg, path string) (place, error) {
	file := place{arg: arg}
	if strings.HasPrefix(arg, signature.FingerprintPrefix) {
		return locateFingerprint(arg)
	}
	if isPath(arg) || keyfile.ValidName(arg) != nil {
		return file, nil
	}
	r, err := ring()
	if err != nil {
		return file, nil // none exists
	}
	found, err := r.Has(arg)
	if !found || err != nil {
		return file, err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && (!info.IsDir() || hasKeys(path)):
		return place{}, bothError(r, arg)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return place{}, err
	}
	return place{arg, r, arg}, nil
}

// hasKeys reports whether a folder has public keys.
func hasKeys(folder string) bool {
	keys, err := publicFiles(folder)
	return err != nil || len(keys) > 0
}

// bothError returns the error for an argument that is both a name and a file.
func bothError(r *keyring.Ring, arg string) error {
	name := "for the name, write " + r.PublicFile(arg)
	if e, _ := r.Find(arg); e.Own {
		name += " or " + r.PrivateFile(arg)
	}
	return usageError(arg+" is both a name in the keyring and a file here", "for the file, write ."+string(os.PathSeparator)+arg, name)
}

// locateFingerprint finds the key with that fingerprint, in any of its generations.
func locateFingerprint(arg string) (place, error) {
	f, err := signature.ParseFingerprint(arg)
	if err != nil {
		return place{}, in(arg, err)
	}
	r, err := ring()
	if err != nil {
		return place{}, err
	}
	e, err := r.FindFingerprint(f)
	return place{arg, r, e.Name}, err
}

// privateFile returns the path of the private key.
func (at place) privateFile() string {
	if at.ring == nil {
		return at.arg
	}
	return at.ring.PrivateFile(at.name)
}

// publicFile returns the path of the public key that belongs to the private one.
func (at place) publicFile() string {
	if at.ring == nil {
		return publicBeside(at.arg)
	}
	return at.ring.PublicFile(at.name)
}

// publicBeside returns the path of the public key file for a private key file.
func publicBeside(name string) string { return strings.TrimSuffix(name, ".key") + ".pub" }

// anyFile returns the path of the private key, or else of the public key.
func (at place) anyFile() (string, error) {
	if at.ring == nil {
		return at.arg, nil
	}
	e, err := at.ring.Find(at.name)
	if e.Own && !errors.Is(err, keyring.ErrNotFile) {
		return at.privateFile(), nil // also if the other half is missing
	}
	return at.publicFile(), err
}

// openPrivate opens the private key file.
func (at place) openPrivate() (*os.File, error) {
	if at.ring == nil && isAgeText(at.arg) {
		return nil, keyfile.ErrIsPublic
	}
	if at.ring == nil {
		return os.Open(at.arg)
	}
	f, err := at.ring.OpenPrivate(at.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{errors.New(at.arg + " is somebody else's key: there is no private key of it"), exitKeyFile,
			[]string{`"pqenc key list" shows which keys are yours`}}
	}
	return f, err
}

// check requires a valid private key in the keyring. It warns if the public key beside it
// is another one: only the private key decides what it opens and signs.
func (at place) check(a *app, ids []*keyfile.Identity) error {
	switch {
	case at.ring == nil:
		return nil
	case len(ids) != 1:
		return in(at.privateFile(), keyfile.ErrSeveral)
	}
	a.warnOf(at.ring.Check(at.name, ids[0]))
	return nil
}

// warnOf prints an error that does not stop the command as a warning, with its hints.
func (a *app) warnOf(err error) {
	if err == nil {
		return
	}
	a.warn("%v", err)
	if k := kindOf(err); k != nil && !a.grammar.Quiet {
		for _, h := range k.hints {
			a.hint(h)
		}
	}
}

// explain adds hints on what else a missing file could have been.
func (at place) explain(err error) error {
	if at.ring == nil && errors.Is(err, fs.ErrNotExist) && !isPath(at.arg) && keyfile.ValidName(strings.ToLower(at.arg)) == nil {
		hint := "nor is there a key of that name: \"pqenc key list\" lists the keys"
		if near := similarName(at.arg); near != "" {
			hint = "nor is there a key of that name: did you mean " + near + "?"
		}
		return &failure{err, exitKeyFile, []string{hint}}
	}
	if at.ring == nil {
		err = in(shown(at.arg), err)
	}
	return err
}

// locateOwn is like locate for the user's own key. Without an argument it returns the
// default identity, or the error missing if there is none.
func locateOwn(arg string, missing error) (place, error) {
	if arg != "" {
		return locate(arg)
	}
	at, err := defaultKey()
	if err == nil && at.ring == nil {
		err = missing
	}
	return at, err
}

// defaultKey returns the place of the default identity, or nil if there is none.
func defaultKey() (place, error) {
	r, err := ring()
	if err != nil {
		return place{}, nil
	}
	name, err := r.Default()
	if name == "" {
		return place{}, err
	}
	return place{name, r, name}, nil
}
