// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pqenc/pqenc/keyfile"
)

type keygenCmd struct {
	Output  string  `short:"o" type:"path" default:"pqenc" placeholder:"NAME" help:"Write NAME.key and NAME.pub (default: pqenc)."`
	Protect bool    `help:"Protect the private key with a passphrase."`
	Expires timeout `placeholder:"TIME" help:"Let the key expire after TIME, such as 90d or 1y: then nothing more is encrypted to it. Without it, it does not."`

	New    newPassphraseFlag `embed:""`
	Secret passphraseFlags   `embed:""`
}

func (keygenCmd) Help() string {
	return `NAME.key is private: whoever has it reads all files for it. NAME.pub is for
everybody who sends to you. The fingerprint, on standard output, lets them check
that they have the right one. Existing files are never overwritten.

Examples:

    pqenc keygen -o alice
    pqenc keygen -o lab --protect --expires 1y`
}

func (c *keygenCmd) Run(a *app) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	id, err := keyfile.GenerateWith(keyfile.Details{Expires: c.Expires.after(time.Now())})
	if err != nil {
		return err
	}
	save := func() error { return id.Save(base) }
	if c.Protect {
		secret, err := c.Secret.choose(a, base+".key", c.New)
		if err != nil {
			return err
		}
		save = func() error { return id.SaveProtected(base, secret) }
	}
	// Killed half-way it would leave a private key in a temporary file.
	if err := a.uninterrupted(save); err != nil {
		if exists(err) {
			err = withHints(err, "keys are never overwritten: choose another name with -o, or move the old files away")
		}
		return err
	}
	if !a.grammar.Quiet {
		a.say("wrote " + base + ".key, which is private, and " + base + ".pub")
	}
	_, err = fmt.Fprintln(a.stdout, id.Public().Fingerprint())
	return err
}

// base returns NAME, also if one of the two files was named instead.
func (c *keygenCmd) base() (string, error) {
	if c.Secret.set() && !c.Protect {
		return "", usageError("a passphrase protects the private key only with --protect", "add --protect")
	}
	if err := c.New.check(&c.Secret, c.Protect, "--protect"); err != nil {
		return "", err
	}
	base := strings.TrimSuffix(strings.TrimSuffix(c.Output, ".key"), ".pub")
	if _, name := filepath.Split(base); name == "" || name == "-" {
		return "", usageError("-o needs a name to which .key and .pub can be added", "keys are always written to files")
	}
	return base, nil
}
