// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"io"
	"syscall"

	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
)

type encryptCmd struct {
	To      recipientFlags `embed:""`
	Context contextFlag    `embed:""`
	Secret  secretFlags    `embed:""`
	Armor   armorFlag      `embed:""`
	Room    reserveFlag    `embed:""`
	Source  sourceFlags    `embed:""`
	Files   fileArgs       `embed:""`
}

func (encryptCmd) Help() string {
	return `Examples:

    pqenc -r lab.pub model.bin > model.pqe
    pqenc -r lab.pub -r backup.pub -o model.pqe model.bin
    tar c run7 | pqenc -r lab.pub | ssh host 'cat > run7.pqe'
    pqenc -r lab.pub -o run7.pqe --from-command -- tar c run7
    pqenc -r lab.pub --sign alice.key --context "round 17" -o up.pqe up.bin
    pqenc -p -a -o notes.pqe notes.txt`
}

func (c *encryptCmd) Run(a *app) error {
	src, err := c.Source.open(a, c.Files.In)
	if errors.Is(err, syscall.EISDIR) && !c.Source.FromCommand {
		err = withHints(err, "pack it first: tar c FOLDER | pqenc ...")
	}
	if err != nil {
		return err
	}
	defer src.Close()
	s := &sealer{app: a, to: &c.To, context: &c.Context, secret: &c.Secret}
	if err := c.check(s, src); err != nil {
		return err
	}
	if err := s.load(src.name); err != nil {
		return err
	}
	s.reserve(c.Room)
	out, err := a.openOutput(c.Files.Output, src, durable.Options{})
	if err != nil {
		return err
	}
	err = c.copy(a, out, src, s)
	if errors.Is(err, terminal.ErrBinary) {
		err = withHints(err, "write to a file with -o, to a pipe, or as text with -a")
	}
	return out.finish(err)
}

// copy copies what may be encrypted to the output.
func (c *encryptCmd) copy(a *app, out *output, src *input, s *sealer) error {
	plain, err := src.look()
	if err != nil {
		return err
	}
	if err := c.Source.admit(a, src, plain, out.replaces()); err != nil {
		return in(src.name, err)
	}
	src.measure(a.startMeter(src.size, c.Files.Output))
	return cmp.Or(c.encrypt(out.byOffset(), plain.all, s), src.unchanged())
}

// encrypt copies src to dst.
func (c *encryptCmd) encrypt(dst io.Writer, src io.Reader, s *sealer) error {
	if !c.Armor.Armor {
		return s.seal(dst, src)
	}
	text := armor.NewWriter(dst)
	if err := s.seal(text, src); err != nil {
		return err
	}
	return text.Close()
}

// check finds what is wrong with the flags before anybody is asked anything.
func (c *encryptCmd) check(s *sealer, src *input) error {
	switch {
	case c.Secret.File.set() && !c.To.Passphrase && (c.To.Sign == "" || c.Secret.Key.set()):
		return usageError("--passphrase-file and --passphrase-fd are of no use without -p", "add -p to encrypt with the passphrase")
	case c.Room.Reserve > 0 && c.To.Passphrase:
		return usageError("--reserve and -p do not go together: a passphrase must be the only way into a file", "leave --reserve out")
	case !c.To.encrypts():
		return usageError("no recipient", "name a public key with -r, use a passphrase with -p, or decrypt with -d")
	}
	if err := s.check(); err != nil {
		return err
	}
	return c.Secret.check(src, c.To.Sign != "")
}
