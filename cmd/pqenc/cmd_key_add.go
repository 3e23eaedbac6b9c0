// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
	"github.com/pqenc/pqenc/signature"
)

type keyAddCmd struct {
	Name        string `arg:"" type:"name" complete:"others" name:"NAME" help:"The name of the key in the keyring."`
	File        string `arg:"" type:"path" name:"FILE" help:"The public key file, or - for standard input."`
	Fingerprint string `placeholder:"SHA256:..." help:"Require this fingerprint, instead of asking."`
}

func (keyAddCmd) Help() string {
	return `Shows the fingerprint of the key and asks whether it is right. Compare the whole
fingerprint with the one that the owner tells you over another channel.

If NAME exists already, FILE must contain a successor of its key, which "pqenc key rotate"
makes and signs with the old key. Files are then encrypted to the new key. Signatures that
the old key made while it was in use are still accepted. A successor proves nothing if the
old private key was stolen.

Examples:

    pqenc key add alice alice.pub
    pqenc key add alice alice.pub --fingerprint SHA256:zdLW...
    ssh host pqenc key export lab | pqenc key add lab -`
}

func (c *keyAddCmd) Run(a *app) error {
	if err := keyfile.ValidName(c.Name); err != nil {
		return in(c.Name, err)
	}
	r, err := ring()
	if err != nil {
		return err
	}
	p, err := c.read(a)
	if err != nil {
		return err
	}
	old, err := r.Find(c.Name)
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return c.add(a, r, p)
	case err != nil:
		return withHints(err, fmt.Sprintf(`remove it first: "pqenc key remove %s"`, c.Name))
	case old.Own:
		return usageError(c.Name+" is an identity of yours", "choose another name")
	}
	return c.succeed(a, r, old.Public, p)
}

// read reads the key in the file, which must have exactly one.
func (c *keyAddCmd) read(a *app) (*keyfile.Public, error) {
	keys, err := loadPublic(a, c.File)
	var other *keyfile.KindError
	switch {
	case keyfile.IsAge(err):
		return nil, withHints(err, "age keys cannot have names in the keyring: encrypt to them with -r")
	case errors.Is(err, keyfile.ErrNotKey) && !errors.As(err, &other):
		return nil, withHints(err, "get it again from its owner")
	case err != nil:
		return nil, err
	case len(keys) != 1:
		return nil, &failure{fmt.Errorf("%s has the keys of %d people", c.File, len(keys)), exitKeyFile, []string{"ask the owner of the key for a file with only that key"}}
	}
	return keys[0], nil
}

// loadPublic reads a public key file or standard input.
func loadPublic(a *app, file string) (keys keyfile.Publics, err error) {
	if isStdio(file) {
		keys, err = keyfile.ReadPublic(a.stdin)
		return keys, in("standard input", err)
	}
	if isAgeText(file) {
		return publicKeys(file)
	}
	keys, err = keyfile.LoadPublic(file)
	return keys, in(file, err)
}

// add adds a new key.
func (c *keyAddCmd) add(a *app, r *keyring.Ring, p *keyfile.Public) error {
	if err := c.approve(a, p, "Is that right?", "the key of "+c.Name); err != nil {
		return err
	}
	if err := r.Add(c.Name, p); err != nil {
		return hintTaken(err, `"pqenc key rename" gives it another name`)
	}
	a.inform("added %s", c.Name)
	return nil
}

// succeed replaces a key with its successor.
func (c *keyAddCmd) succeed(a *app, r *keyring.Ring, old, p *keyfile.Public) error {
	next, err := p.Succeeds(old)
	if errors.Is(err, keyfile.ErrUnrelated) {
		return withHints(fmt.Errorf("%s has the key %s: %w", c.Name, old.Fingerprint(), err),
			"if its owner tells you that the new key is theirs, remove the old one first: \"pqenc key remove "+c.Name+"\"",
			"if it is somebody else's, choose another name")
	}
	if err != nil {
		return in(c.Name, err)
	}
	if next.Fingerprint() == old.Fingerprint() && next.Retired().Equal(old.Retired()) {
		a.inform("%s has this key already", c.Name)
		return nil
	}
	done, question := "%s has a new key", fmt.Sprintf("It is the successor of %s. Accept it?", old.Fingerprint())
	if next.Fingerprint() == old.Fingerprint() {
		done, question = "%s is retired", "Its owner has retired it: nobody should encrypt to it any more. Accept that?"
	}
	if err := c.approve(a, p, question, "the successor of the key of "+c.Name+", signed by that key"); err != nil {
		return err
	}
	err = r.Update(c.Name, func(old *keyfile.Public) (*keyfile.Public, error) { return p.Succeeds(old) })
	if err != nil {
		return in(c.Name, err)
	}
	a.inform(done, c.Name)
	return nil
}

// approve shows the fingerprint and asks whether it is right, unless a flag gives it.
// Without a terminal it returns the question as an error.
func (c *keyAddCmd) approve(a *app, p *keyfile.Public, question, what string) error {
	if c.Fingerprint != "" {
		want, err := signature.ParseFingerprint(c.Fingerprint)
		if err == nil && want != p.Fingerprint() {
			err = &failure{fmt.Errorf("%s has the key %s, which is not that of --fingerprint", c.File, p.Fingerprint()), exitKeyFile,
				[]string{"ask its owner for the fingerprint, and trust nothing else"}}
		}
		return in("--fingerprint", err)
	}
	err := a.confirm(fmt.Sprintf("The key of %s is %s. %s", c.Name, p.Fingerprint(), question))
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		return usageError(fmt.Sprintf("there is no terminal to ask whether %s is %s", p.Fingerprint(), what),
			"if its owner says that it is, add --fingerprint "+p.Fingerprint().String())
	case errors.Is(err, errDeclined):
		return &failure{errors.New(c.Name + " was not changed"), exitUsage, []string{"ask its owner for the fingerprint"}}
	}
	return err
}
