// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "fmt"

type fingerprintCmd struct {
	File string `arg:"" type:"path" complete:"keys" name:"FILE" help:"A name in the keyring, a public or private key file, or a folder of public key files."`

	Secret passphraseFlags `embed:""`
}

func (fingerprintCmd) Help() string {
	return `Prints one line per key. A private key and its public key have the same
fingerprint. To check a key, compare the whole fingerprint.

Examples:

    pqenc fingerprint alice.pub`
}

func (c *fingerprintCmd) Run(a *app) error {
	keys, err := a.eitherKeys(c.File, &c.Secret)
	if err != nil {
		return err
	}
	for _, key := range keys.Fingerprints() {
		if _, err := fmt.Fprintln(a.stdout, key); err != nil {
			return err
		}
	}
	return nil
}
