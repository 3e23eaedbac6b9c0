// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// recipientFlags say who can read what is encrypted, and who says to have made it.
type recipientFlags struct {
	Recipient  []string `short:"r" type:"path" sep:"none" placeholder:"PUB" help:"Encrypt to the public keys in the file PUB. Can be repeated."`
	Passphrase bool     `short:"p" help:"Encrypt with a passphrase instead."`
	Sign       string   `type:"path" placeholder:"KEY" help:"Sign with the private key in the file KEY, for these recipients."`
}

// armorFlag is the form of what is encrypted.
type armorFlag struct {
	Armor bool `short:"a" help:"Write text (PEM-like) instead of binary."`
}

// sealFlags are all that encrypting needs but for input and output.
type sealFlags struct {
	recipientFlags
	contextFlag
	passphraseFlags
}

type encryptCmd struct {
	sealFlags
	armorFlag
	fileArgs
}

func (encryptCmd) Help() string {
	return `Examples:

    pqenc -r lab.pub model.bin > model.pqe
    pqenc -r lab.pub -r backup.pub -o model.pqe model.bin
    tar c run7 | pqenc -r lab.pub | ssh host 'cat > run7.pqe'
    pqenc -r lab.pub --sign alice.key --context "round 17" -o up.pqe up.bin
    pqenc -p -a -o notes.pqe notes.txt`
}

func (c *encryptCmd) Run(a *app) error {
	src, err := a.openInput(c.In)
	if errors.Is(err, syscall.EISDIR) {
		err = withHints(err, "pack it first: tar c FOLDER | pqenc ...")
	}
	if err != nil {
		return err
	}
	defer src.Close()
	if err := c.check(src); err != nil {
		return err
	}
	to, err := c.recipients(a, src.name)
	if err != nil {
		return err
	}
	signer, err := c.signer(a)
	if err != nil {
		return err
	}
	out, err := a.openOutput(c.Output, src)
	if err != nil {
		return err
	}
	meter := a.startMeter(src.size, c.Output)
	err = c.encrypt(out, meter.Reader(src.File), signer, to)
	meter.Stop()
	if errors.Is(err, terminal.ErrBinary) {
		err = withHints(err, "write to a file with -o, to a pipe, or as text with -a")
	}
	return out.finish(err)
}

// encrypt copies src to dst.
func (c *encryptCmd) encrypt(dst io.Writer, src io.Reader, signer *keyfile.Identity, to []pqenc.Recipient) error {
	if !c.Armor {
		return c.seal(dst, src, signer, to)
	}
	text := armor.NewWriter(dst)
	if err := c.seal(text, src, signer, to); err != nil {
		return err
	}
	return text.Close()
}

// seal copies src to dst, encrypted.
func (c *sealFlags) seal(dst io.Writer, src io.Reader, signer *keyfile.Identity, to []pqenc.Recipient) error {
	w, err := c.open(dst, signer, to)
	if err != nil {
		return err
	}
	shedProgram()
	if _, err := w.ReadFrom(src); err != nil {
		return err // without Close: a file that is cut must look like one
	}
	return w.Close()
}

// open begins the file, signed if there is a signer.
func (c *sealFlags) open(dst io.Writer, signer *keyfile.Identity, to []pqenc.Recipient) (*pqenc.Writer, error) {
	if signer == nil {
		return pqenc.Encrypt(dst, to...)
	}
	return pqenc.EncryptSigned(dst, signer, c.text(), to...)
}

// signer returns who signs the file, nil if nobody does.
func (c *sealFlags) signer(a *app) (*keyfile.Identity, error) {
	if c.Sign == "" {
		return nil, nil
	}
	from := &c.passphraseFlags
	if c.Passphrase {
		from = new(passphraseFlags) // what the flags give is the passphrase of the file
	}
	id, err := a.openIdentity(c.Sign, from)
	if c.Passphrase && errors.Is(err, terminal.ErrNoTerminal) {
		err = withHints(err, "with -p, --passphrase-file and --passphrase-fd give that of the file, not that of the key")
	}
	if err != nil {
		return nil, in(c.Sign, err)
	}
	return id, nil
}

// check finds what is wrong with the flags before anybody is asked anything.
func (c *encryptCmd) check(src *input) error {
	switch {
	case c.set() && !c.Passphrase && c.Sign == "":
		return usageError("--passphrase-file and --passphrase-fd are of no use without -p", "add -p to encrypt with the passphrase")
	case !c.Passphrase && len(c.Recipient) == 0:
		return usageError("no recipient", "name a public key with -r, use a passphrase with -p, or decrypt with -d")
	}
	if err := c.sealFlags.check(); err != nil {
		return err
	}
	return c.notFrom(src)
}

// check finds what does not go together.
func (c *sealFlags) check() error {
	switch {
	case c.Passphrase && len(c.Recipient) > 0:
		return usageError("-p and -r do not go together: a passphrase must be the only way into a file",
			"choose one of the two")
	case c.Sign == "" && c.Context != nil:
		return usageError("--context is of no use without --sign", "sign with --sign KEY")
	case len(c.text()) > pqenc.MaxContextSize:
		return usageError(fmt.Sprintf("the context is longer than %d bytes", pqenc.MaxContextSize), "choose a shorter one")
	}
	return nil
}

// recipients returns those that the flags name.
func (c *sealFlags) recipients(a *app, what string) ([]pqenc.Recipient, error) {
	if !c.Passphrase {
		return c.publicKeys(a)
	}
	secret, err := c.choose(a, what)
	if err != nil {
		return nil, err
	}
	to, err := recipient.NewPassphrase(secret)
	return []pqenc.Recipient{to}, err
}

// publicKeys reads the recipients' files, and takes every key once.
func (c *sealFlags) publicKeys(a *app) ([]pqenc.Recipient, error) {
	seen := make(map[keyfile.Fingerprint]bool)
	var to keyfile.Publics
	for _, name := range c.Recipient {
		keys, err := keyfile.LoadPublic(name)
		if err != nil {
			return nil, in(name, err)
		}
		for _, key := range keys {
			if seen[key.Fingerprint()] {
				a.warn("%s: %s is already a recipient", name, key.Fingerprint())
				continue
			}
			seen[key.Fingerprint()] = true
			to = append(to, key)
		}
	}
	if len(to) > format.MaxKeyStanzas {
		return nil, usageError(fmt.Sprintf("%d recipients are more than %d", len(to), format.MaxKeyStanzas),
			"encrypt to a key that they share, or make several files")
	}
	return to.Recipients(), nil
}
