// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

// mainCmd is what runs without the name of a command: encrypting, or with -d
// decrypting.
type mainCmd struct {
	Decrypt bool `short:"d" help:"Decrypt instead of encrypting."`
	recipientFlags
	armorFlag
	decryptFlags
	contextFlag
	fileArgs
	passphraseFlags
}

func (c *mainCmd) Run(a *app) error {
	if c.Decrypt {
		if len(c.Recipient) > 0 || c.Passphrase || c.Armor || c.Sign != "" {
			return usageError("-r, -p, -a and --sign are for encrypting",
				"to decrypt, give a private key with -i; armor and passphrases are recognized")
		}
		return (&decryptCmd{c.decryptFlags, c.contextFlag, c.fileArgs, c.passphraseFlags}).Run(a)
	}
	if len(c.Identity) > 0 {
		return usageError("-i is for decrypting", "decrypt with -d -i, or encrypt to a public key with -r")
	}
	if len(c.From) > 0 || c.AllowForwarded || c.StreamUnverified {
		return usageError("--from, --allow-forwarded and --stream-unverified are for decrypting", "decrypt with -d, or sign with --sign KEY")
	}
	seal := sealFlags{c.recipientFlags, c.contextFlag, c.passphraseFlags}
	return withCommandHint((&encryptCmd{seal, c.armorFlag, c.fileArgs}).Run(a), c.In)
}
