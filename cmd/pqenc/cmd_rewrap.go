// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"slices"
)

type rewrapCmd struct {
	Keys identityFlag   `embed:""`
	To   recipientFlags `embed:""`

	Add           bool     `xor:"how" help:"Add recipients, and keep the present ones."`
	ToCurrent     bool     `xor:"how" help:"Replace older generations of your keys with the newest ones, and keep all other recipients."`
	Reencrypt     bool     `xor:"how" help:"Decrypt, and encrypt again with a new file key: only this revokes access."`
	Repair        bool     `xor:"how" help:"Repair headers whose replacement was interrupted. Needs no key; with -i, a header that opens is kept."`
	Remove        []string `type:"path" hidden:"" sep:"none" help:"Not possible."`
	WithoutMe     bool     `help:"Allow a list of -r without your own keys: you can then no longer read the files."`
	InPlace       bool     `help:"Overwrite the header in place, if the new one is not longer. If that is interrupted, the file needs the log beside it."`
	DropSignature bool     `help:"With --reencrypt, drop a signature made by somebody else."`
	JSON          bool     `name:"json" help:"Print JSON."`

	Select selectFlags     `embed:""`
	Room   reserveFlag     `embed:""`
	Secret secretFlags     `embed:""`
	New    passphraseFlags `embed:"" prefix:"new-" xorprefix:"new-" set:"passphrase=the new passphrase of -p"`

	Files names `arg:"" optional:"" type:"names" name:"FILE ..." help:"Encrypted files, and folders, which are searched for such files."`
}

func (rewrapCmd) Help() string {
	return `Replaces only the header of each file, so that it is fast for files of any size. -r gives
the complete new list of recipients: a file does not reveal its recipients, so that single
ones cannot be removed. --add keeps all present recipients; it is harmless to add one
twice. Use --to-current after "pqenc key rotate".

This is not revocation. Former recipients can still read old copies of a file, and may have
kept its file key, which also opens the new one. --reencrypt makes a new file key, and takes
as long as decrypting and encrypting. Then former recipients cannot read the new file, but
they can still read old copies.

Signatures stay valid for the recipients that the signer named. New recipients need
--allow-forwarded. With --reencrypt, a file that you signed is verified, and signed again
with your newest key. A file that somebody else signed needs --sign or --drop-signature.

Each file is replaced atomically. If one fails, the others are still done, and the exit
code is 11, or that of the failure if only one file was named.

Examples:

    pqenc rewrap -i lab.key -r lab.pub -r new.pub model.pqe
    pqenc rewrap -i lab.key --add -r partner.pub run7/
    pqenc rewrap -i lab.key --to-current run7/ run8/
    pqenc rewrap -i lab.key --reencrypt -r lab.pub model.pqe`
}

func (c *rewrapCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	r := &rewrapper{cmd: c, app: a}
	if err := r.load(); err != nil {
		return err
	}
	return r.run()
}

// check returns an error for invalid flags, before anything happens.
func (c *rewrapCmd) check() error {
	switch {
	case len(c.Files) == 0 && !c.Select.lists():
		return usageError("there is no file to rewrap", "name files or folders, or a list of files with --files-from")
	case len(c.Remove) > 0:
		return usageError("a recipient cannot be removed: a file does not reveal its recipients, and each of them may have kept the file key",
			"give the complete new list with --reencrypt -r ..., which also makes a new file key; without --reencrypt the file key stays the same")
	case slices.ContainsFunc(c.Files, isStdio):
		return usageError("rewrap changes files, not pipes", "name files or folders")
	case (c.ToCurrent || c.Repair) && c.To.encrypts():
		hint := "leave them out, or use --add"
		if c.Repair {
			hint = "leave them out"
		}
		return usageError("--to-current and --repair do not take recipients: leave out -r and -p", hint)
	case c.Repair && (c.Room.Reserve > 0 || c.InPlace || c.Select.DryRun):
		return usageError("--repair does nothing else", "leave the other flags out")
	case c.Reencrypt && !c.To.encrypts():
		return usageError("no recipient", "give the complete new list with -r")
	case !c.ToCurrent && !c.Repair && !c.To.encrypts():
		return usageError("no recipient", "give the complete new list with -r, or use --add or --to-current")
	case c.WithoutMe && (c.Add || c.ToCurrent || c.Repair || c.To.Passphrase):
		return usageError("--without-me needs a complete new list of recipients", "leave it out, or name the list with -r")
	case c.Add && c.To.Passphrase:
		return usageError("-p and --add do not go together: a passphrase must be the only way into a file", "leave --add out")
	case c.Room.Reserve > 0 && c.To.Passphrase:
		return usageError("--reserve and -p do not go together: a passphrase must be the only way into a file", "leave --reserve out")
	}
	return cmp.Or(c.checkSigning(), c.New.notSame(&c.Secret.File), c.New.notSame(&c.Secret.Key))
}

// keyed reports whether there are keys. --repair works without keys if -i names none.
func (c *rewrapCmd) keyed() bool {
	return !c.Repair || len(c.Keys.Identity) > 0 || c.Secret.File.set()
}

func (c *rewrapCmd) checkSigning() error {
	switch {
	case !c.Reencrypt && (c.To.Sign != "" || c.DropSignature):
		return usageError("--sign and --drop-signature need --reencrypt: otherwise the signature stays", "leave them out")
	case c.To.Sign != "" && c.DropSignature:
		return usageError("--sign and --drop-signature do not go together", "choose one of the two")
	case c.Reencrypt && c.InPlace:
		return usageError("--reencrypt writes a new file, never in place", "leave --in-place out")
	case c.New.set() && !c.To.Passphrase:
		return usageError("--new-passphrase-file and --new-passphrase-fd have no effect without -p", "add -p to encrypt with the passphrase")
	}
	return nil
}
