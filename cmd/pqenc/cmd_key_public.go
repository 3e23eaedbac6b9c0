// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

type keyPublicCmd struct {
	Key    string `arg:"" type:"path" complete:"own" name:"KEY" help:"The private key: a name in the keyring or a file."`
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to the new file OUT. Without it, or as -, to standard output."`

	Secret passphraseFlags `embed:""`
}

func (keyPublicCmd) Help() string {
	return `Prints the public key file, with all generations, for when that was lost.

Examples:

    pqenc key public lab.key > lab.pub
    pqenc key public lab.key -o lab.pub`
}

func (c *keyPublicCmd) Run(a *app) error {
	id, err := a.privateKey(c.Key, &c.Secret)
	if err != nil {
		return err
	}
	return a.writePublic(c.Output, id.Public().Marshal())
}
