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
	Name string `arg:"" type:"name" complete:"own" name:"NAME" help:"What to call the identity."`
	File string `arg:"" type:"path" name:"FILE" help:"The private key file."`

	Secret passphraseFlags `embed:""`
}

func (keyImportCmd) Help() string {
	return `The private key is protected in the keyring as it is in FILE. FILE stays where it is.

A post-quantum key of age, or an X-Wing key in PKCS#8, becomes an identity, too: it gets
a new signing key. It opens what was encrypted to it before, also by age's public key.

Examples:

    pqenc key import lab /media/usb/lab.key
    pqenc key import lab key.txt                 # of age-keygen -pq`
}

func (c *keyImportCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	if err := r.Free(c.Name); err != nil {
		return hintTaken(err, "choose another name")
	}
	data, err := a.readPrivate(place{arg: c.File})
	if err != nil {
		return err
	}
	defer clear(data)
	id, err := keyfile.ReadIdentity(bytes.NewReader(data), c.Secret.ask(a, c.File))
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
		return hintTaken(err, "choose another name")
	}
	_, err = fmt.Fprintln(a.stdout, id.Fingerprint())
	return err
}

// completed returns an identity that has the key of another program and a new signing
// key.
func completed(data []byte, name string) (*keyfile.Identity, error) {
	hybrid, err := keyfile.ParseForeign(data)
	if err != nil {
		return nil, err
	}
	return keyfile.Complete(hybrid, keyfile.Details{Name: name})
}
