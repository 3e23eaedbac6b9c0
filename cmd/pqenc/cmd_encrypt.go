// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/terminal"
)

type encryptCmd struct {
	To      recipientFlags `embed:""`
	Context contextFlag    `embed:""`
	Secret  secretFlags    `embed:""`
	Armor   armorFlag      `embed:""`
	Room    reserveFlag    `embed:""`
	Source  sourceFlags    `embed:""`
	Copy    copyFlags      `embed:""`
	Files   fileArgs       `embed:""`
}

func (encryptCmd) Help() string {
	return `Examples:

    pqenc -r lab.pub model.bin > model.pqe
    pqenc -r lab.pub -r backup.pub -o model.pqe model.bin
    tar c run7 | pqenc -r lab.pub | ssh host 'cat > run7.pqe'
    pqenc -r lab.pub -o run7.pqe --from-command -- tar c run7
    pqenc -r lab.pub -o sealed/ run7/ run8/
    pqenc -r lab.pub --sign alice.key --context "round 17" -o up.pqe up.bin
    pqenc -p -a -o notes.pqe notes.txt`
}

func (c *encryptCmd) Run(a *app) error {
	if c.Files.intoFolder(&c.Copy) {
		return c.several(a)
	}
	if err := c.Copy.Select.single(c.Files.in()); err != nil {
		return err
	}
	src, err := c.Source.open(a, c.Files.in())
	if err != nil {
		return err
	}
	defer src.Close()
	s := &sealer{app: a, to: &c.To, context: &c.Context, secret: &c.Secret}
	if err := c.check(s, src); err != nil {
		return err
	}
	if c.Copy.Keep.taken(a, c.Files.Output) {
		return nil
	}
	if c.Copy.Select.DryRun {
		return c.rehearse(a, src)
	}
	if err := s.load(src.name); err != nil {
		return err
	}
	s.reserve(c.Room)
	o, err := c.Copy.options(src)
	if err != nil {
		return err
	}
	out, err := a.openOutput(c.Files.Output, src, o)
	if err != nil {
		return c.Copy.Keep.settle(a, c.Files.Output, err)
	}
	err = c.copy(a, out, src, s)
	if errors.Is(err, terminal.ErrBinary) {
		err = withHints(err, "write to a file with -o, to a pipe, or as text with -a")
	}
	changed := src.steady()
	if !isUnsteadyError(changed) {
		err, changed = cmp.Or(err, changed), nil
	}
	return cmp.Or(c.Copy.Keep.settle(a, c.Files.Output, out.finish(err)), changed)
}

// rehearse prints what would be encrypted, or returns the error that encryption would return.
func (c *encryptCmd) rehearse(a *app, src *input) error {
	plain, err := src.look()
	if err == nil {
		err = c.Source.admit(a, src, plain, "")
	}
	if err != nil {
		return in(src.name, err)
	}
	return a.printPair(src.name, c.Files.Output)
}

// copy encrypts the input to the output, if the input is acceptable.
func (c *encryptCmd) copy(a *app, out *output, src *input, s *sealer) error {
	plain, err := src.look()
	if err != nil {
		return err
	}
	if err := c.Source.admit(a, src, plain, out.replaces()); err != nil {
		return in(src.name, err)
	}
	plain.warnOfKey(a, src.name, &c.To)
	src.measure(a.startMeter(src.size, c.Files.Output))
	return c.encrypt(out.byOffset(), plain.all, s)
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

// check returns an error for invalid flags, before any question is asked.
func (c *encryptCmd) check(s *sealer, src *input) error {
	switch {
	case c.Copy.Keep.NoClobber && isStdio(c.Files.Output):
		return errKeepNothing()
	case c.Secret.File.set() && !c.To.Passphrase && (c.To.Sign == "" || c.Secret.Key.set()):
		return usageError("--passphrase-file and --passphrase-fd have no effect without -p", "add -p to encrypt with the passphrase")
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

// several encrypts files into a folder.
func (c *encryptCmd) several(a *app) error {
	s := &sealer{app: a, to: &c.To, context: &c.Context, secret: &c.Secret}
	if isStdio(c.Files.Output) || strings.HasSuffix(c.Files.Output, sealedSuffix) && !isDir(c.Files.Output) {
		return c.noFolder(a)
	}
	if c.Source.FromCommand {
		return usageError(fromCommand+" stands for standard input, and there are files", "leave one of the two out")
	}
	if err := c.check(s, &input{size: -1}); err != nil {
		return err
	}
	k := &copier{flags: &c.Copy, output: c.Files.Output, rename: sealedPath, serial: c.To.Passphrase}
	k.manyFiles = manyFiles{slots: true, several: several{app: a, verb: "encrypted", skipped: "already encrypted"}}
	k.hint = "to encrypt it once more, use --force"
	k.other = func(f found) bool { return !k.several.one && !c.Source.Force && strings.HasSuffix(f.out, sealedSuffix) }
	k.ready = func() error {
		if err := s.load("the files"); err != nil {
			return err
		}
		s.reserve(c.Room)
		return nil
	}
	k.copy = func(f found, p *fileProgress) (fileOutcome, error) { return c.one(k, s, f, p) }
	return k.run(c.Files.In)
}

// noFolder explains why several files need an output folder. The first may be meant as a
// command, and others as recipients, as in "-r *.pub model.bin".
func (c *encryptCmd) noFolder(a *app) error {
	for i, name := range c.Files.In {
		info, err := os.Stat(name)
		if i == 0 && err != nil {
			return err
		}
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		src, err := a.openInput(name)
		if err != nil {
			continue
		}
		defer src.Close()
		if s, err := src.look(); err == nil && s.key {
			return usageError("several files need a folder, and "+name+" is a public key", "to encrypt to several keys, use -r for each of them, or name a folder with them", "to encrypt several files, name a folder with -o FOLDER/")
		}
	}
	if len(c.Files.In) == 1 {
		return usageError(c.Files.In[0]+" is a folder, so that the output must be a folder", "name it with -o FOLDER/, or pack the files first: tar c FOLDER | pqenc ...")
	}
	return errNoFolder()
}

// one encrypts one of several files. Files that are encrypted already, judged by their
// names, are left out.
func (c *encryptCmd) one(k *copier, s *sealer, f found, p *fileProgress) (fileOutcome, error) {
	if k.other(f) {
		return isSkipped, nil
	}
	src, err := f.open(k.app)
	if err != nil {
		return isFailed, err
	}
	defer src.Close()
	plain, err := src.look()
	if err != nil {
		return isFailed, err
	}
	if plain.encrypted && !c.Source.Force {
		if k.several.one {
			return isFailed, errEncrypted
		}
		return isSkipped, nil
	}
	if f.folder == nil {
		plain.warnOfKey(k.app, src.name, &c.To)
	}
	o, err := c.Copy.options(src)
	if err != nil {
		return isFailed, err
	}
	out, err := k.create(f, src, o)
	if err != nil {
		return isFailed, err
	}
	src.count(p)
	return isDone, k.finish(out, c.encrypt(io.NewOffsetWriter(out, 0), plain.all, s), src.steady)
}
