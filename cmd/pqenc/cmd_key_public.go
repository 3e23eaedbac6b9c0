// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "github.com/pqenc/pqenc/internal/durable"

type keyPublicCmd struct {
	Key    string `arg:"" type:"path" name:"KEY" help:"The private key: a name in the keyring or a file."`
	Output string `short:"o" type:"path" placeholder:"PUB" help:"Write to PUB, which must not be there."`

	Secret passphraseFlags `embed:""`
}

func (keyPublicCmd) Help() string {
	return `Prints the public key file of a private key, with all its generations, for when it
was lost.

Examples:

    pqenc key public lab.key > lab.pub
    pqenc key public lab.key -o lab.pub`
}

func (c *keyPublicCmd) Run(a *app) error {
	id, err := a.privateKey(c.Key, &c.Secret)
	if err != nil {
		return err
	}
	if isStdio(c.Output) {
		_, err := a.stdout.Write(id.Public().Marshal())
		return err
	}
	err = durable.WriteNew(c.Output, id.Public().Marshal(), 0o644)
	if exists(err) {
		err = withHints(err, "choose another name with -o, or move the old file away")
	}
	return err
}
