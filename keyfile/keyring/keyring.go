// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package keyring is the folder of names: own identities, and other people's public
// keys.
//
// It is a plain folder, to be read by eye:
//
//	NAME.key       the private key of an identity of one's own
//	NAME.pub       its public key; without a private key that of somebody else
//	default        the name of the own identity that is used when none is named
//	known_servers  which this package leaves alone
//	.lock          empty: whoever makes a change locks it
//
// The files are those of [keyfile], with one identity in each, and files can be copied
// into the folder. Names are those that
// [keyfile.ValidName] accepts. The folder has the mode 0700 and the files 0600.
//
// Every change is atomic, and processes that make changes wait for each other. A .key is
// written before its .pub and removed after it, so that there is no public key whose
// private key is lost.
package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// The reasons why a method of a keyring fails. Errors wrap them and name the file.
var (
	// ErrNotFound means that there is no key of that name or fingerprint.
	ErrNotFound = errors.New("is not in the keyring")
	// ErrTaken means that there is a key of that name, or the same key under another one.
	ErrTaken = errors.New("is in the keyring already")
	// ErrHalves means that a .key and the .pub beside it are not of one identity.
	ErrHalves = errors.New("is not the public half of the private key beside it")
	// ErrNoPublic means that a protected .key has no .pub beside it.
	ErrNoPublic = errors.New("is missing, and the private key is protected")
	// ErrExposed means that others can change the folder, or read it although it has
	// private keys.
	ErrExposed = errors.New("is not for its owner alone")
	// ErrNotFile means that a link or something else is where a key file should be.
	ErrNotFile = errors.New("is not a file, but a link or something else")
	// ErrDefault means that the file default does not name an identity.
	ErrDefault = errors.New("does not name an identity of yours")
	// ErrChanged means that a key is no longer what it was when it was looked at.
	ErrChanged = errors.New("was changed meanwhile")
)

// The names of the files, and their ends.
const (
	privateEnd  = ".key"
	publicEnd   = ".pub"
	defaultName = "default"
	lockName    = ".lock"
)

// Ring is a folder of names, which need not exist. It caches nothing: changes by other
// processes take effect at once.
type Ring struct {
	dir   string
	guard func(change func() error) error
}

// New returns the keyring in a folder. It does not access the folder.
func New(dir string) *Ring {
	return &Ring{dir, func(change func() error) error { return change() }}
}

// Guarded returns the same keyring, whose changes are made by guard, which is called
// after the lock was taken.
func (r *Ring) Guarded(guard func(change func() error) error) *Ring { return &Ring{r.dir, guard} }

// Dir returns the folder of the keyring: that which $PQENC_HOME names, or else pqenc in
// [os.UserConfigDir].
func Dir() (string, error) {
	if dir := os.Getenv("PQENC_HOME"); dir != "" {
		return dir, nil
	}
	base, err := os.UserConfigDir()
	return filepath.Join(base, "pqenc"), err
}

// Dir returns the folder.
func (r *Ring) Dir() string { return r.dir }

// PublicFile returns the path of the public key of that name.
func (r *Ring) PublicFile(name string) string { return filepath.Join(r.dir, name+publicEnd) }

// PrivateFile returns the path of the private key of that name.
func (r *Ring) PrivateFile(name string) string { return filepath.Join(r.dir, name+privateEnd) }

// open opens the folder. The error wraps [fs.ErrNotExist] if there is none.
func (r *Ring) open() (*os.Root, error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	if err := r.check(root, 0o022); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// openPrivate is open for access to private keys. It checks that only the owner can read
// the folder.
func (r *Ring) openPrivate() (*os.Root, error) {
	root, err := r.open()
	if err != nil {
		return nil, err
	}
	if err := r.check(root, 0o077); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// check requires that the folder has none of these permission bits. On Windows access
// lists, and not modes, decide.
func (r *Ring) check(root *os.Root, bits fs.FileMode) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&bits != 0 {
		return fmt.Errorf("%s %w", r.dir, ErrExposed)
	}
	return nil
}

// checkName returns an error that quotes an invalid name.
func checkName(name string) error {
	if err := keyfile.ValidName(name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// has reports whether a file or anything else has that file name.
func has(root *os.Root, file string) (bool, error) {
	_, err := root.Lstat(file)
	return err == nil, durable.IgnoreMissing(err)
}

// Has reports whether there is a key of that name, even a damaged one.
func (r *Ring) Has(name string) (bool, error) {
	if keyfile.ValidName(name) != nil {
		return false, nil
	}
	root, err := r.open()
	if err != nil {
		return false, durable.IgnoreMissing(err)
	}
	defer root.Close()
	return hasName(root, name)
}

// Free returns nil if a name is valid and free. The error wraps [ErrTaken] if there is a
// key of that name, and [keyfile.ErrName] if the name is invalid.
func (r *Ring) Free(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	found, err := r.Has(name)
	return taken(name, found, err)
}

func taken(name string, found bool, err error) error {
	if found {
		return fmt.Errorf("%s %w", name, ErrTaken)
	}
	return err
}

func hasName(root *os.Root, name string) (bool, error) {
	for _, end := range []string{privateEnd, publicEnd} {
		if found, err := has(root, name+end); found || err != nil {
			return found, err
		}
	}
	return false, nil
}
