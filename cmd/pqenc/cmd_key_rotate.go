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
	Expires     timeout `placeholder:"TIME" help:"Make the new generation expire after TIME, such as 90d or 1y (default: never)."`
	IfOlderThan timeout `placeholder:"TIME" help:"Do nothing unless the key is older than TIME."`
	Retire      bool    `help:"Retire the identity: it gets no new generation."`

	Secret passphraseFlags `embed:""`
}

func (keyRotateCmd) Help() string {
	return `Adds a new generation to the key file. Older generations still decrypt files, but are no
longer used to encrypt or sign. The public key file proves that the new generation succeeds
the old one: give it to those who send files to you. To log in to a server that does not
know the new generation yet, use --generation.

If somebody else may have the private key, the succession proves nothing. Then tell people
the new fingerprint over another channel, and give your files a new file key with "pqenc
rewrap --reencrypt".

Examples:

    pqenc key rotate lab.key --expires 1y
    pqenc key rotate lab.key --expires 100d --if-older-than 90d
    pqenc key rotate lab.key --retire`
}

func (c *keyRotateCmd) Run(a *app) error {
	if c.Retire && (c.Expires != 0 || c.IfOlderThan != 0) {
		return usageError("--expires and --if-older-than have no effect with --retire", "leave them out: a retired key has no successor")
	}
	return a.editKey(c.Key, &c.Secret, func(at place, edit *keyfile.Edit) error { return c.rotate(a, at, edit) })
}

func (c *keyRotateCmd) rotate(a *app, at place, edit *keyfile.Edit) error {
	created := edit.Identity().Public().Created()
	if c.IfOlderThan != 0 && time.Since(created) <= time.Duration(c.IfOlderThan) {
		a.inform("nothing to do: %s was made on %s", c.Key, timeText(created))
		return nil
	}
	next, err := c.next(edit.Identity())
	if err != nil {
		return in(c.Key, err)
	}
	saved, err := a.saveKey(at, edit, next)
	if !saved || c.Retire {
		return err
	}
	_, printErr := fmt.Fprintln(a.stdout, next.Fingerprint())
	return cmp.Or(err, printErr)
}

// saveKey replaces a private key with its next generation, and updates the public key
// beside it. It reports whether the private key was replaced.
func (a *app) saveKey(at place, edit *keyfile.Edit, next *keyfile.Identity) (saved bool, err error) {
	old, oldErr := keyfile.LoadPublic(at.publicFile()) // before the lock: it may be a pipe
	// If the process was killed here, it would leave a private key in a temporary file,
	// or the old public key beside the new private one.
	err = a.uninterrupted(func() error {
		if err := edit.Save(next); err != nil {
			return in(at.arg, err)
		}
		saved = true
		return at.publish(next.Public(), old, oldErr)
	})
	if err == nil {
		a.sayWrote(at.privateFile(), at.publicFile())
	}
	return saved, err
}

// next makes the next generation of the key.
func (c *keyRotateCmd) next(old *keyfile.Identity) (*keyfile.Identity, error) {
	if c.Retire {
		return old.Retire()
	}
	return old.Rotate(keyfile.Details{Expires: c.Expires.after(time.Now())})
}

// publish writes the public key beside the private one; old is the present one, or err
// the error of reading it. It does not replace a file with other keys, nor a damaged one
// outside of the keyring.
func (at place) publish(next *keyfile.Public, old keyfile.Publics, err error) error {
	name := at.publicFile()
	if err == nil && (len(old) != 1 || !slices.Contains(next.Fingerprints(), old[0].Fingerprint())) {
		err = errors.New("it has other keys, and is left unchanged")
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || at.ring != nil && damaged(err) {
		err = durable.Replace(name, next.Marshal(), durable.Options{Private: at.ring != nil})
	}
	if err != nil {
		err = withHints(fmt.Errorf("%s is up to date, and %s is not: %w", at.privateFile(), name, err),
			fmt.Sprintf("\"pqenc key public %s\" prints the public key", at.arg))
	}
	return err
}

// damaged reports whether a public key file is invalid, and is nothing else that somebody
// may want to keep.
func damaged(err error) bool {
	var other *keyfile.KindError
	return (errors.Is(err, keyfile.ErrNotKey) || errors.Is(err, keyfile.ErrStatement)) && !errors.As(err, &other)
}
