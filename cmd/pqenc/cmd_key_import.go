// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/keyfile"
)

type keyImportCmd struct {
	Name string `arg:"" type:"name" complete:"own" name:"NAME" help:"The name of the identity in the keyring."`
	File string `arg:"" type:"path" name:"FILE" help:"The private key file."`

	Secret passphraseFlags `embed:""`
}

func (keyImportCmd) Help() string {
	return `If FILE has a passphrase, the key has the same passphrase in the keyring. FILE itself is
not changed.

If NAME is one of your identities already, FILE must have a later generation of it, such
as one that "pqenc key rotate" made on another machine. It replaces the one in the keyring,
and NAME keeps its passphrase.

A post-quantum age key, or an X-Wing key in PKCS#8, can also be imported, and gets a new
signing key. It still decrypts files that were encrypted to it before, also those that
were encrypted to the age public key.

Examples:

    pqenc key import lab /media/usb/lab.key
    pqenc key import lab key.txt                 # of age-keygen -pq
    pqenc key import me /media/usb/me.key        # which was rotated elsewhere`
}

func (c *keyImportCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	own := false
	if err := r.Free(c.Name); err != nil {
		e, _ := r.Find(c.Name)
		if own = e.Own; !own {
			return hintTaken(err, "choose another name")
		}
	}
	data, err := a.readPrivate(place{arg: c.File})
	if err != nil {
		return err
	}
	defer clear(data)
	id, err := keyfile.ReadIdentity(bytes.NewReader(data), c.Secret.ask(a, c.File))
	if own && err == nil {
		return c.renew(a, id)
	}
	if own {
		return in(c.File, err)
	}
	if keyfile.IsAge(err) || errors.Is(err, keyfile.ErrIncomplete) {
		if id, err = completed(data, c.Name); err == nil {
			data = id.Marshal()
			defer clear(data)
		}
	}
	if err != nil {
		return in(c.File, err)
	}
	if err := a.addIdentity(r, c.Name, data, id.Public()); err != nil {
		return hintTaken(err, `"pqenc key rename" gives it another name, and "pqenc key import" with its present name imports a later generation`)
	}
	_, err = fmt.Fprintln(a.stdout, id.Fingerprint())
	return err
}

// renew imports a later generation of an identity in the keyring.
func (c *keyImportCmd) renew(a *app, id *keyfile.Identity) error {
	return a.editKey(c.Name, &c.Secret, func(at place, edit *keyfile.Edit) error {
		old := edit.Identity().Public()
		switch _, err := id.Public().Succeeds(old); {
		case errors.Is(err, keyfile.ErrSecondSuccessor):
			return withHints(in(c.Name, err), "if you have rotated it on two machines, keep the one that others have: \"-i "+c.File+"\" decrypts files for the other one",
				"if you have not, somebody else has the old private key: tell those who send files to you")
		case errors.Is(err, keyfile.ErrOutdated):
			return withHints(in(c.Name, err), "the keyring has a later one: nothing to do")
		case errors.Is(err, keyfile.ErrUnrelated):
			return withHints(in(c.Name, err), "choose another name")
		case err != nil:
			return in(c.File, err)
		}
		if id.Fingerprint() == old.Fingerprint() && id.Public().Retired().Equal(old.Retired()) {
			a.inform("%s has this key already", c.Name)
		} else if saved, err := a.saveKey(at, edit, id); !saved || err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.stdout, id.Fingerprint())
		return err
	})
}

// completed returns an identity made of the key of another program and a new signing key.
func completed(data []byte, name string) (*keyfile.Identity, error) {
	hybrid, err := keyfile.ParseForeign(data)
	if err != nil {
		return nil, err
	}
	return keyfile.Complete(hybrid, keyfile.Details{Name: name})
}
