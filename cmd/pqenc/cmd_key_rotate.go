// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

type keyRotateCmd struct {
	Key         string  `arg:"" type:"path" complete:"own" name:"KEY" help:"The private key: a name in the keyring or a file."`
	Expires     timeout `placeholder:"TIME" help:"Let the new generation expire after TIME, such as 90d or 1y (default: never)."`
	IfOlderThan timeout `placeholder:"TIME" help:"Do nothing unless the key is older than TIME."`
	Retire      bool    `help:"End the identity: no new generation follows."`

	Secret passphraseFlags `embed:""`
}

func (keyRotateCmd) Help() string {
	return `The new generation is in the same file. What was encrypted to older ones is still read;
nothing more is encrypted to them or signed with them. The public key file beside it says
that the new generation succeeds the old one: give it to those who send to you. Where a
server does not know it yet, log in with --generation.

If somebody else may have the private key, the succession proves nothing: tell people
the new fingerprint over some other channel, and give the files a new key with "pqenc
rewrap --reencrypt".

Examples:

    pqenc key rotate lab.key --expires 1y
    pqenc key rotate lab.key --expires 100d --if-older-than 90d
    pqenc key rotate lab.key --retire`
}

func (c *keyRotateCmd) Run(a *app) error {
	if c.Retire && (c.Expires != 0 || c.IfOlderThan != 0) {
		return usageError("--expires and --if-older-than are of no use with --retire", "leave them out: nothing comes after a retired key")
	}
	return a.editKey(c.Key, &c.Secret, func(at place, edit *keyfile.Edit) error { return c.rotate(a, at, edit) })
}

func (c *keyRotateCmd) rotate(a *app, at place, edit *keyfile.Edit) error {
	created := edit.Identity().Public().Created()
	if c.IfOlderThan != 0 && time.Since(created) <= time.Duration(c.IfOlderThan) {
		a.inform("nothing is to be done: %s was made on %s", c.Key, timeText(created))
		return nil
	}
	next, err := c.next(edit.Identity())
	if err != nil {
		return in(c.Key, err)
	}
	old, oldErr := keyfile.LoadPublic(at.publicFile()) // may wait, if that is a pipe
	saved := false
	// Killed half-way it would leave a private key in a temporary file, or the old public
	// key beside the new private one.
	err = a.uninterrupted(func() error {
		if err := edit.Save(next); err != nil {
			return in(c.Key, err)
		}
		saved = true
		return c.publish(at, next.Public(), old, oldErr)
	})
	if !saved {
		return err
	}
	if err == nil {
		a.sayWrote(at.privateFile(), at.publicFile())
	}
	if c.Retire {
		return err
	}
	_, printErr := fmt.Fprintln(a.stdout, next.Fingerprint())
	return cmp.Or(err, printErr)
}

// next makes what comes after the key.
func (c *keyRotateCmd) next(old *keyfile.Identity) (*keyfile.Identity, error) {
	if c.Retire {
		return old.Retire()
	}
	return old.Rotate(keyfile.Details{Expires: c.Expires.after(time.Now())})
}

// publish writes the public key beside the private one, where old is what was there, or
// err what is wrong with that. A file with other keys stays.
func (c *keyRotateCmd) publish(at place, next *keyfile.Public, old keyfile.Publics, err error) error {
	name := at.publicFile()
	if err == nil && (len(old) != 1 || !slices.Contains(next.Fingerprints(), old[0].Fingerprint())) {
		err = errors.New("it has other keys, and stays as it is")
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = durable.Replace(name, next.Marshal(), durable.Options{Private: at.ring != nil})
	}
	if err != nil {
		err = withHints(fmt.Errorf("%s is up to date, and %s is not: %w", at.privateFile(), name, err),
			fmt.Sprintf("\"pqenc key public %s\" prints the public key", c.Key))
	}
	return err
}
