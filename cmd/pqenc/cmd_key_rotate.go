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
	"strings"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

type keyRotateCmd struct {
	Key         string  `arg:"" type:"path" name:"KEY" help:"The private key."`
	Expires     timeout `placeholder:"TIME" help:"Let the new key expire after TIME, such as 90d or 1y. Without it, it does not."`
	IfOlderThan timeout `placeholder:"TIME" help:"Do nothing if the key is not older than TIME."`
	Retire      bool    `help:"End the identity: no new key takes the place of the old one."`

	Secret passphraseFlags `embed:""`
}

func (keyRotateCmd) Help() string {
	return `Makes a new generation of the key, in the same file. What was encrypted to the old
ones is still read with it; they encrypt and sign nothing any more. The public key,
beside it, says whose successor the new one is: give it to those who send to you. To
servers that do not know it yet, log in with --generation.

If somebody else may have had the private key, the new one proves nothing: tell
people its fingerprint in another way, and encrypt the files anew.

Examples:

    pqenc key rotate lab.key --expires 1y
    pqenc key rotate lab.key --expires 100d --if-older-than 90d
    pqenc key rotate lab.key --retire`
}

func (c *keyRotateCmd) Run(a *app) error {
	if c.Retire && (c.Expires != 0 || c.IfOlderThan != 0) {
		return usageError("--expires and --if-older-than are of no use with --retire", "leave them out: nothing comes after a retired key")
	}
	edit, err := a.editKey(c.Key, &c.Secret)
	if err != nil {
		return err
	}
	defer edit.Close()
	old := edit.Identity().Public()
	if c.IfOlderThan != 0 && time.Since(old.Created()) <= time.Duration(c.IfOlderThan) {
		if !a.grammar.Quiet {
			a.say(fmt.Sprintf("nothing is to be done: %s was made on %s", c.Key, timeText(old.Created())))
		}
		return nil
	}
	next, err := c.next(edit.Identity())
	if err != nil {
		return in(c.Key, err)
	}
	// Killed half-way it would leave a private key in a temporary file.
	if err := a.uninterrupted(func() error { return edit.Save(next) }); err != nil {
		return in(c.Key, err)
	}
	pub, err := c.publish(a, next.Public())
	if err == nil && !a.grammar.Quiet {
		a.say("wrote " + c.Key + ", which is private, and " + pub)
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

// publish writes the public key beside the private one, and returns its name. A file
// with other keys stays.
func (c *keyRotateCmd) publish(a *app, next *keyfile.Public) (string, error) {
	name := publicBeside(c.Key)
	old, err := keyfile.LoadPublic(name)
	if err == nil && (len(old) != 1 || !slices.Contains(next.Fingerprints(), old[0].Fingerprint())) {
		err = errors.New("it has other keys, and stays as it is")
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = a.replaceFile(name, next.Marshal())
	}
	if err != nil {
		err = withHints(fmt.Errorf("%s is up to date, and %s is not: %w", c.Key, name, err),
			fmt.Sprintf("\"pqenc key public %s\" prints the public key", c.Key))
	}
	return name, err
}

// publicBeside returns the name of the public key file that belongs to a private one.
func publicBeside(name string) string { return strings.TrimSuffix(name, ".key") + ".pub" }

// replaceFile writes a file, or puts it in the place of another.
func (a *app) replaceFile(name string, content []byte) error {
	f, err := a.create(name, durable.Options{})
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// editKey opens a private key that is to be changed.
func (a *app) editKey(name string, secret *passphraseFlags) (*keyfile.Edit, error) {
	edit, err := keyfile.OpenEdit(name, secret.ask(a, name))
	return edit, in(name, err)
}
