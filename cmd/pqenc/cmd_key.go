// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
)

// keyCmd has the commands for keys, each in a file of its own.
type keyCmd struct {
	List    keyListCmd    `cmd:"" help:"List the keys in the keyring."`
	Add     keyAddCmd     `cmd:"" help:"Add a public key to the keyring, or accept its successor."`
	Remove  keyRemoveCmd  `cmd:"" help:"Remove a key from the keyring."`
	Rename  keyRenameCmd  `cmd:"" help:"Rename a key in the keyring."`
	Default keyDefaultCmd `cmd:"" help:"Print or set the default identity."`
	Export  keyExportCmd  `cmd:"" help:"Print a public key from the keyring."`
	Import  keyImportCmd  `cmd:"" help:"Import a private key into the keyring as an identity."`

	Rotate     keyRotateCmd     `cmd:"" help:"Make a new generation of a private key, and keep the old ones for decryption."`
	Passphrase keyPassphraseCmd `cmd:"" help:"Add, change or remove the passphrase of a private key."`
	Public     keyPublicCmd     `cmd:"" help:"Print the public key of a private key."`
	Show       keyShowCmd       `cmd:"" help:"Show the name, dates and generations of a key."`
}

func (keyCmd) Help() string {
	return `The keyring is a folder: $PQENC_HOME, or pqenc in your configuration folder. NAME.key and
NAME.pub together are one of your identities, NAME.pub alone is somebody else's key. These
names can be used wherever a command takes a key.

A name has 1 to 64 characters: a to z, 0 to 9, dot, dash and underscore. It does not start
with a dot, a dash or age1, and does not end in .pub or .key.

An argument with a slash, or that ends in .pub or .key, is the path of a file. Any other
argument is a name if the keyring has it, and a file if not. If both exist, pqenc refuses
to guess: write ./alice for the file.

Examples:

    pqenc key list
    pqenc key add alice alice.pub
    pqenc -r alice -o model.pqe model.bin`
}

// ringKinds are the error kinds of the keyring.
var ringKinds = []kind{
	{keyring.ErrNotFound, exitKeyFile, []string{`"pqenc key list" lists the keys`}},
	{keyring.ErrTaken, exitUsage, nil},
	{keyring.ErrHalves, exitKeyFile, []string{"somebody replaced it: restore the right one, or remove it"}},
	{keyring.ErrExposed, exitKeyFile, []string{"give access only to its owner: chmod 700"}},
	{keyring.ErrNotFile, exitKeyFile, []string{"put the key file itself in its place, or remove it"}},
	{keyring.ErrDefault, exitKeyFile, []string{`choose one of your own with "pqenc key default NAME"`}},
	{keyring.ErrChanged, exitIO, []string{"try again"}},
	{keyfile.ErrUnrelated, exitKeyFile, nil},
	{keyfile.ErrOutdated, exitKeyFile, []string{"ask its owner for the newest one"}},
	{keyfile.ErrSecondSuccessor, exitSigner, []string{
		"SOMEBODY ELSE HAS, OR HAD, THE OLD PRIVATE KEY: trust neither key until you have spoken with the owner",
	}},
}

// hintTaken adds a hint to the error for a name that exists already.
func hintTaken(err error, hint string) error {
	if errors.Is(err, keyring.ErrTaken) {
		err = withHints(err, hint)
	}
	return err
}

// addIdentity adds an identity to the keyring, and prints its name.
func (a *app) addIdentity(r *keyring.Ring, name string, private []byte, p *keyfile.Public) error {
	// If the process was killed here, it would leave a private key in a temporary file.
	if err := r.Guarded(a.uninterrupted).AddIdentity(name, private, p); err != nil {
		return err
	}
	a.sayWrote(r.PrivateFile(name), r.PublicFile(name))
	if standard, err := r.Default(); err == nil && standard == name {
		a.inform("%s is your default identity", name)
	}
	return nil
}

// notSwapped requires that the .pub file beside a private key in the keyring does not
// have another key.
func (at place) notSwapped(id *keyfile.Identity) error {
	if at.ring == nil {
		return nil
	}
	if err := at.ring.Check(at.name, id); errors.Is(err, keyring.ErrHalves) {
		return err
	}
	return nil
}

// errDeclined is returned when the user answers no.
var errDeclined = errors.New("declined")

// confirm repeats a question until it is answered. The error wraps errDeclined if the
// answer is no, or terminal.ErrNoTerminal if there is no terminal.
func (a *app) confirm(question string) error {
	question += " [yes/no]"
	for {
		answer, err := a.prompter.Ask(question)
		switch {
		case answer == "yes":
			return nil
		case errors.Is(err, terminal.ErrNoTerminal):
			return err
		case answer == "no", err != nil:
			return errDeclined
		}
		question = `"yes" or "no"`
	}
}

// editKey calls change for a private key, and prevents others from changing it at the
// same time.
func (a *app) editKey(arg string, secret *passphraseFlags, change func(at place, edit *keyfile.Edit) error) error {
	at, err := locate(arg)
	if err != nil {
		return err
	}
	open := func() error {
		edit, err := keyfile.OpenEdit(at.privateFile(), secret.ask(a, arg))
		if err != nil {
			return at.explain(err)
		}
		defer edit.Close()
		if err := at.notSwapped(edit.Identity()); err != nil {
			return err
		}
		return change(at, edit)
	}
	if at.ring == nil {
		return open()
	}
	f, err := at.openPrivate() // which returns a better error
	if err != nil {
		return err
	}
	f.Close()
	return at.ring.Locked(open) // so that it is not renamed at the same time
}
