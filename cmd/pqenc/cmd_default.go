// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"strings"
)

// mainCmd runs without a command name: it encrypts, or with -d decrypts.
type mainCmd struct {
	Decrypt bool           `short:"d" help:"Decrypt instead of encrypting."`
	Version bool           `help:"Print the version and exit."`
	To      recipientFlags `embed:""`
	Armor   armorFlag      `embed:""`
	Room    reserveFlag    `embed:""`
	Keys    identityFlag   `embed:""`
	Trust   fromFlags      `embed:""`
	Stream  streamFlag     `embed:""`
	Context contextFlag    `embed:""`
	Sparse  sparseFlag     `embed:""`
	Part    partFlags      `embed:""`
	URL     urlFlags       `embed:""`
	Source  sourceFlags    `embed:""`
	Copy    copyFlags      `embed:""`
	Files   fileArgs       `embed:""`
	Secret  secretFlags    `embed:""`
}

func (c *mainCmd) Run(a *app) error {
	switch {
	case c.Version:
		return versionCmd{}.Run(a)
	case c.Decrypt:
		return c.decrypt(a)
	case noFile(a.first) && near(a.first, commandNames()) != "":
		return noCommand(a.first)
	}
	return withCommandHint(c.encrypt(a), c.Files.in())
}

func (c *mainCmd) decrypt(a *app) error {
	if len(c.To.Recipient) > 0 || c.Armor.Armor || c.To.Sign != "" || c.To.AllowExpired || c.Room.Reserve > 0 {
		return usageError("-r, -a, --sign, --reserve and --allow-expired are for encrypting",
			"to decrypt, give a private key with -i, or -p if the file has a passphrase; armor is recognized")
	}
	if c.To.New.GeneratePassphrase {
		return usageError("--generate-passphrase is for encrypting", "give the passphrase of the file with -p")
	}
	if c.Source != (sourceFlags{}) {
		return usageError("--force, --allow-empty and --from-command are for encrypting", "a truncated file does not decrypt")
	}
	cmd := &decryptCmd{Keys: c.Keys, Has: passphraseFlag{c.To.Passphrase}, Trust: c.Trust, Stream: c.Stream, Context: c.Context, Sparse: c.Sparse, Part: c.Part, URL: c.URL, Copy: c.Copy, Files: c.Files, Secret: c.Secret}
	return cmd.Run(a)
}

func (c *mainCmd) encrypt(a *app) error {
	switch {
	case len(c.Keys.Identity) > 0:
		return usageError("-i is for decrypting", "decrypt with -d -i, or encrypt to a public key with -r")
	case c.URL.RangeOnly:
		return usageError("--range-only is for decrypting", "decrypt with -d")
	case len(c.Trust.From) > 0 || c.Trust.AllowForwarded || c.Stream.StreamUnverified:
		return usageError("--from, --allow-forwarded and --stream-unverified are for decrypting", "decrypt with -d, or sign with --sign KEY")
	case c.Part != partFlags{}, c.Sparse.Sparse:
		return usageError("--range, --digests and --sparse are for decrypting", "decrypt with -d")
	}
	cmd := &encryptCmd{To: c.To, Context: c.Context, Secret: c.Secret, Armor: c.Armor, Room: c.Room, Source: c.Source, Copy: c.Copy, Files: c.Files}
	return cmd.Run(a)
}

// withCommandHint adds a hint if an input that does not exist may be a mistyped command.
func withCommandHint(err error, name string) error {
	var path *fs.PathError
	if !errors.As(err, &path) || path.Path != name || !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, "./\\") {
		return err
	}
	return withHints(err, `if "`+name+`" was meant as a command, see "pqenc --help"`)
}

// noCommand returns the error for an argument that looks like a mistyped command.
func noCommand(word string) error {
	return usageError(`"`+word+`" is neither a command nor a file`, meant("pqenc", word, commandNames()))
}
