// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pqenc/pqenc/keyfile"
)

type fingerprintCmd struct {
	File string `arg:"" type:"path" name:"FILE" help:"A public or a private key file."`

	Secret passphraseFlags `embed:""`
}

func (fingerprintCmd) Help() string {
	return `Prints one line for each key in the file. Private and public key have the same
fingerprint. Compare all of it.

Examples:

    pqenc fingerprint alice.pub`
}

func (c *fingerprintCmd) Run(a *app) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyfile.MaxPublicSize+1))
	if err != nil {
		return err
	}
	keys, err := keyfile.ReadPublic(bytes.NewReader(data))
	if errors.Is(err, keyfile.ErrIsPrivate) || errors.Is(err, keyfile.ErrProtected) {
		var id *keyfile.Identity
		if id, err = keyfile.ReadIdentity(bytes.NewReader(data), c.Secret.ask(a, c.File)); err == nil {
			keys = keyfile.Publics{id.Public()}
		}
	}
	if err != nil {
		return in(c.File, err)
	}
	for _, key := range keys.Fingerprints() {
		if _, err := fmt.Fprintln(a.stdout, key); err != nil {
			return err
		}
	}
	return nil
}
