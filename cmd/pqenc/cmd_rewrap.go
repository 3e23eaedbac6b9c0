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

	Add           bool     `xor:"how" help:"Add to the recipients, and keep all that there are."`
	ToCurrent     bool     `xor:"how" help:"Replace the older generations of your keys by the newest ones, and keep all other recipients."`
	Reencrypt     bool     `xor:"how" help:"Decrypt, and encrypt with a new key: only this takes access away."`
	Repair        bool     `xor:"how" help:"Complete headers whose replacement was interrupted. It needs no key; with -i a header that opens stays."`
	Remove        []string `type:"path" hidden:"" sep:"none" help:"Not possible."`
	WithoutMe     bool     `help:"Let the new list of -r lack your own keys: you cannot read the files any more."`
	InPlace       bool     `help:"Overwrite the header where it is, if the new one is not longer. A file whose header was torn then needs the log beside it."`
	DropSignature bool     `help:"With --reencrypt: drop the signature of somebody else."`
	JSON          bool     `name:"json" help:"Print JSON."`

	Select selectFlags     `embed:""`
	Room   reserveFlag     `embed:""`
	Secret secretFlags     `embed:""`
	New    passphraseFlags `embed:"" prefix:"new-" xorprefix:"new-" set:"passphrase=the new passphrase of -p"`

	Files names `arg:"" optional:"" type:"names" name:"FILE ..." help:"Encrypted files, and folders with such files in and below them."`
}

func (rewrapCmd) Help() string {
	return `Gives files new recipients. Only the header changes, however large a file is. -r
names the complete new list: a file does not say who its recipients are, so that none of
them can be removed. --add keeps them all; whoever is one already is then added once
more, which does no harm. --to-current is for after "pqenc key rotate".

This is not revocation: old copies of a file stay readable for those who could read
them, and whoever has opened a file can have kept its key. --reencrypt makes a new key,
and takes as long as decrypting and encrypting. Old copies stay readable then, too, but
the new file is not.

Signatures survive: the file stays signed for those whom its signer named, and others
need --allow-forwarded. With --reencrypt a file that you signed is verified, and signed
again with your newest key; that of somebody else needs --sign or --drop-signature.

Every file is the old one or the new one at any moment. If one fails the others continue:
the exit code is 11 then, or that of the failure if only one file was named.

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

// check finds what is wrong with the flags before anything happens.
func (c *rewrapCmd) check() error {
	switch {
	case len(c.Files) == 0 && !c.Select.lists():
		return usageError("there is no file to rewrap", "name files or folders, or a list of files with --files-from")
	case len(c.Remove) > 0:
		return usageError("a recipient cannot be removed: the file does not say for whom it is, and whoever could open it can have kept its key",
			"give the complete new list with --reencrypt -r ..., which also makes a new key; without --reencrypt the key stays the same")
	case slices.ContainsFunc(c.Files, isStdio):
		return usageError("rewrap changes files, not pipes", "name files or folders")
	case (c.ToCurrent || c.Repair) && c.To.encrypts():
		hint := "leave them out, or use --add"
		if c.Repair {
			hint = "leave them out"
		}
		return usageError("--to-current and --repair have no other recipients: -r and -p do not go with them", hint)
	case c.Repair && (c.Room.Reserve > 0 || c.InPlace || c.Select.DryRun):
		return usageError("--repair does nothing else", "leave the other flags out")
	case c.Reencrypt && !c.To.encrypts():
		return usageError("no recipient", "name all of the new list with -r")
	case !c.ToCurrent && !c.Repair && !c.To.encrypts():
		return usageError("no recipient", "name all of the new list with -r, or use --add or --to-current")
	case c.WithoutMe && (c.Add || c.ToCurrent || c.Repair || c.To.Passphrase):
		return usageError("--without-me is about a complete new list of recipients", "leave it out, or name the list with -r")
	case c.Add && c.To.Passphrase:
		return usageError("-p and --add do not go together: a passphrase must be the only way into a file", "leave --add out")
	case c.Room.Reserve > 0 && c.To.Passphrase:
		return usageError("--reserve and -p do not go together: a passphrase must be the only way into a file", "leave --reserve out")
	}
	return cmp.Or(c.checkSigning(), c.New.notSame(&c.Secret.File), c.New.notSame(&c.Secret.Key))
}

// keyed reports whether there are keys: --repair needs none.
func (c *rewrapCmd) keyed() bool {
	return !c.Repair || len(c.Keys.Identity) > 0 || c.Secret.File.set()
}

func (c *rewrapCmd) checkSigning() error {
	switch {
	case !c.Reencrypt && (c.To.Sign != "" || c.DropSignature):
		return usageError("--sign and --drop-signature are of no use without --reencrypt: a signature survives", "leave them out")
	case c.To.Sign != "" && c.DropSignature:
		return usageError("--sign and --drop-signature do not go together", "choose one of the two")
	case c.Reencrypt && c.InPlace:
		return usageError("--reencrypt writes all of a file again, and never in place", "leave --in-place out")
	case c.New.set() && !c.To.Passphrase:
		return usageError("--new-passphrase-file and --new-passphrase-fd are of no use without -p", "add -p to encrypt with the passphrase")
	}
	return nil
}
