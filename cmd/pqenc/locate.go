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

// place is where an argument says that keys are: in the keyring, or in a file.
type place struct {
	arg  string
	ring *keyring.Ring // nil if it is a file
	name string        // in the ring
}

// ring returns the keyring. There may be nothing in it.
func ring() (*keyring.Ring, error) {
	dir, err := keyring.Dir()
	if err != nil {
		return nil, withHints(err, "set PQENC_HOME to a folder for keys")
	}
	return keyring.New(dir), nil
}

// isPath reports whether an argument can only be a file: what has a separator in it, or
// ends like a key file.
func isPath(arg string) bool {
	return strings.ContainsRune(arg, '/') || strings.ContainsRune(arg, os.PathSeparator) ||
		strings.HasSuffix(arg, ".pub") || strings.HasSuffix(arg, ".key")
}

// locate finds out what an argument means. Unless it can only be a file, it is a name if
// the keyring has it, and a file if not. Both is an error: a file that somebody has put
// here must not decide who "alice" is. A folder without keys is none. A fingerprint is
// that of a key in the keyring.
func locate(arg string) (place, error) { return locateBeside(arg, arg) }

// locateBeside is locate for an argument that stands for the file of that path.
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
		return file, nil // there is none
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

// bothError says that an argument is a name and a file.
func bothError(r *keyring.Ring, arg string) error {
	name := "for the name, write " + r.PublicFile(arg)
	if e, _ := r.Find(arg); e.Own {
		name += " or " + r.PrivateFile(arg)
	}
	return usageError(arg+" is both a name in the keyring and a file here", "for the file, write ."+string(os.PathSeparator)+arg, name)
}

// locateFingerprint finds the key of that fingerprint, in any of its generations.
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

// publicBeside returns the path of the public key file that belongs to a private one.
func publicBeside(name string) string { return strings.TrimSuffix(name, ".key") + ".pub" }

// anyFile returns the path of the private key, or else of the public one.
func (at place) anyFile() (string, error) {
	if at.ring == nil {
		return at.arg, nil
	}
	e, err := at.ring.Find(at.name)
	if e.Own && !errors.Is(err, keyring.ErrNotFile) {
		return at.privateFile(), nil // also if the other half is lost
	}
	return at.publicFile(), err
}

// openPrivate opens the file of the private key.
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

// check requires that a private key from the keyring is one. It warns if its public half
// is not what is beside it: the private key alone decides what it opens and signs.
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

// warnOf warns of an error that does not stop the command, with its hints.
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

// explain says of a file that is not there what else it could have been.
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

// locateOwn is locate for one's own key: without an argument that is the default identity,
// or the error missing if there is none.
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

// defaultKey returns where the default identity is; nowhere if there is none.
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
