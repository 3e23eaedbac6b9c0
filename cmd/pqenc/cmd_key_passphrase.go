// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"

	"github.com/pqenc/pqenc/keyfile"
)

type keyPassphraseCmd struct {
	Key    string `arg:"" type:"path" complete:"own" name:"KEY" help:"The private key: a name in the keyring or a file."`
	Remove bool   `help:"Remove the passphrase: everybody who can read the file can then use the key."`

	Current passphraseFlags   `embed:"" set:"passphrase=the current passphrase"`
	Next    passphraseFlags   `embed:"" prefix:"new-" xorprefix:"new-" set:"passphrase=the new passphrase"`
	New     newPassphraseFlag `embed:""`
}

func (keyPassphraseCmd) Help() string {
	return `The key file is replaced atomically, after the new one has been opened as a test. Copies
of the old file, such as those in a backup, keep the old passphrase.

Examples:

    pqenc key passphrase lab.key
    pqenc key passphrase lab.key --generate-passphrase
    pqenc key passphrase lab.key --remove`
}

func (c *keyPassphraseCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	return a.editKey(c.Key, &c.Current, func(_ place, edit *keyfile.Edit) error { return c.protect(a, edit) })
}

func (c *keyPassphraseCmd) protect(a *app, edit *keyfile.Edit) (err error) {
	if c.Remove && !edit.Protected() {
		return usageError(c.Key+" has no passphrase", "there is nothing to remove")
	}
	var secret []byte
	if !c.Remove {
		c.Next.source.missing = newPassphraseHint
		if secret, err = c.Next.choose(a, c.Key, c.New); err != nil {
			return err
		}
	}
	// If the process was killed here, it would leave a private key in a temporary file.
	if err := a.uninterrupted(func() error { return edit.Protect(secret) }); err != nil {
		return in(c.Key, err)
	}
	if c.Remove {
		a.inform("%s has no passphrase now", c.Key)
	} else {
		a.inform("%s is protected by the new passphrase", c.Key)
	}
	return nil
}

// check returns an error for flags that do not go together.
func (c *keyPassphraseCmd) check() error {
	if c.Remove && (c.Next.set() || c.New.GeneratePassphrase) {
		return usageError("--remove does not go with a new passphrase", "choose one of them")
	}
	return cmp.Or(c.Current.notSame(&c.Next), c.New.check(&c.Next, true, ""))
}
