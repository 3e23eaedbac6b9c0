// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"fmt"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/pqenc/pqenc/keyfile"
)

type keygenCmd struct {
	Name    string  `arg:"" optional:"" type:"name" name:"NAME" help:"The name of the key in the keyring (default: your login name)."`
	Output  string  `short:"o" type:"path" placeholder:"BASE" help:"Write the files BASE.key and BASE.pub instead of adding the key to the keyring."`
	Protect bool    `help:"Protect the private key with a passphrase."`
	Expires timeout `placeholder:"TIME" help:"Make the key expire after TIME, such as 90d or 1y: nobody can encrypt to it after that (default: never)."`

	New    newPassphraseFlag `embed:""`
	Secret passphraseFlags   `embed:""`
}

func (keygenCmd) Help() string {
	return `NAME.key is the private key: whoever has it can decrypt all files that are encrypted to
you. NAME.pub is the public key, for everybody who sends files to you. The fingerprint is
printed to standard output, so that they can check that they have the right key. Existing
files are never overwritten.

Without -o the key is added to the keyring: the folder $PQENC_HOME, or pqenc in your
configuration folder. The first key there is your default identity, which decrypts files
and logs in to servers unless -i names another key.

Examples:

    pqenc keygen
    pqenc keygen work --protect --expires 1y
    pqenc keygen -o lab`
}

func (c *keygenCmd) Run(a *app) error {
	if err := c.New.check(&c.Secret, c.Protect, "--protect"); err != nil {
		return err
	}
	switch {
	case c.Secret.set() && !c.Protect:
		return usageError("a passphrase protects the private key only with --protect", "add --protect")
	case c.Output != "" && c.Name != "":
		return usageError("NAME and -o do not go together", "NAME is for the keyring, and -o for anywhere else")
	case c.Output == "":
		return c.intoRing(a)
	}
	return c.intoFiles(a)
}

// intoRing makes an identity in the keyring.
func (c *keygenCmd) intoRing(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	name := cmp.Or(c.Name, loginName())
	hint := `choose another name: "pqenc keygen NAME". Keys are never overwritten`
	if err := r.Free(name); err != nil {
		return hintTaken(err, hint)
	}
	id, err := keyfile.GenerateWith(keyfile.Details{Name: name, Expires: c.Expires.after(time.Now())})
	if err != nil {
		return err
	}
	private := id.Marshal()
	if c.Protect {
		secret, err := c.Secret.choose(a, name, c.New)
		if err != nil {
			return err
		}
		clear(private)
		if private, err = id.Protect(secret); err != nil {
			return err
		}
	}
	defer clear(private)
	if err := a.addIdentity(r, name, private, id.Public()); err != nil {
		return hintTaken(err, hint)
	}
	_, err = fmt.Fprintln(a.stdout, id.Fingerprint())
	return err
}

// loginName returns the default name of a key.
func loginName() string {
	if u, err := user.Current(); err == nil && keyfile.ValidName(u.Username) == nil {
		return u.Username
	}
	return "me"
}

// intoFiles makes an identity in two files.
func (c *keygenCmd) intoFiles(a *app) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	details := keyfile.Details{Expires: c.Expires.after(time.Now())}
	if name := filepath.Base(base); keyfile.ValidName(name) == nil {
		details.Name = name
	}
	id, err := keyfile.GenerateWith(details)
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
	// If the process was killed here, it would leave a private key in a temporary file.
	if err := a.uninterrupted(save); err != nil {
		if exists(err) {
			err = withHints(err, "keys are never overwritten: choose another name with -o, or move the old files away")
		}
		return err
	}
	a.sayWrote(base+".key", base+".pub")
	_, err = fmt.Fprintln(a.stdout, id.Fingerprint())
	return err
}

// sayWrote prints where a new key is.
func (a *app) sayWrote(private, public string) {
	a.inform("wrote %s, which is private, and %s", private, public)
}

// base returns BASE. The user may also have named one of the two files.
func (c *keygenCmd) base() (string, error) {
	base := strings.TrimSuffix(strings.TrimSuffix(c.Output, ".key"), ".pub")
	if _, name := filepath.Split(base); name == "" || name == "-" {
		return "", usageError("-o needs the name of a file, without .key or .pub", "without -o, keys go to the keyring")
	}
	return base, nil
}
