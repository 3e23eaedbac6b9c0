// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"

	"github.com/pqenc/pqenc/keyfile"
)

type keyPublicCmd struct {
	Key    string `arg:"" type:"path" complete:"own" name:"KEY" help:"The private key: a name in the keyring or a file."`
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to the new file OUT. Default, or if OUT is -: standard output."`

	Secret passphraseFlags `embed:""`
}

func (keyPublicCmd) Help() string {
	return `Prints the public key file with all generations, for example if it was lost.

Examples:

    pqenc key public lab.key > lab.pub
    pqenc key public lab.key -o lab.pub`
}

func (c *keyPublicCmd) Run(a *app) error {
	at, err := locate(c.Key)
	if err != nil {
		return err
	}
	data, err := a.readPrivate(at)
	if err != nil {
		return err
	}
	defer clear(data)
	// Not by privateKey, which reads the public key: that may be the file to be made.
	id, err := keyfile.ReadIdentity(bytes.NewReader(data), c.Secret.ask(a, c.Key))
	if err != nil {
		return in(c.Key, err)
	}
	return a.writePublic(c.Output, id.Public().Marshal())
}
