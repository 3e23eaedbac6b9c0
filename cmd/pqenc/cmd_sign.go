// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// signatureSuffix is appended to the name of a file for its signature.
const signatureSuffix = ".pqs"

type signCmd struct {
	Identity string  `short:"i" type:"path" complete:"own" placeholder:"KEY" help:"Sign with the private key KEY, a name in the keyring or a file. Default: your default identity."`
	Comment  *string `type:"text" placeholder:"TEXT" help:"A line of text to include in the signature, such as a version."`
	Output   string  `short:"o" type:"path" placeholder:"OUT" help:"Write the signature to OUT. Default: FILE.pqs."`
	Force    bool    `help:"Replace an existing signature."`

	Keep   keepFlag    `embed:""`
	Select selectFlags `embed:""`

	AllowEmpty bool `help:"Accept an empty standard input. Without it, empty input is an error: the command before the pipe has probably failed."`

	Files names `arg:"" optional:"" type:"names" name:"FILE ..." help:"The files to sign, of any kind, and folders of them. Default, or if FILE is -: standard input, whose signature goes to standard output."`

	Secret passphraseFlags `embed:""`
}

func (signCmd) Help() string {
	return `Writes a detached signature, and does not change or encrypt the file. The signature
contains the signer, the time and the comment. "pqenc verify --signature" checks it. If
one of several files fails, the others are still signed, and the exit code is 11.

To hide who signed a file from all but its recipients, use "pqenc encrypt --sign".

Examples:

    pqenc sign release.tar
    pqenc sign -i alice.key --comment "release 1.2" release.tar notes.txt
    tar c run7 | pqenc sign -i alice.key > run7.tar.pqs
    pqenc verify --from alice.pub --signature release.tar.pqs release.tar`
}

func (c *signCmd) Run(a *app) error {
	files := c.Files
	if len(files) == 0 && !c.Select.lists() {
		files = names{"-"}
	}
	if err := c.check(a, files); err != nil {
		return err
	}
	id, err := c.signer(a)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(files, isStdio) {
		return a.each(len(files), "signed", func(i int) error { return c.named(a, id, files[i]) })
	}
	return c.several(a, id, files)
}

// several signs files, and the files in folders except signatures.
func (c *signCmd) several(a *app, id *keyfile.Identity, files names) error {
	m := &manyFiles{several: several{app: a, verb: "signed", skipped: "signatures", light: true}}
	if err := m.find(&walker{selectFlags: &c.Select, hidden: true}, files); err != nil {
		return err
	}
	switch {
	case m.total == 0:
		return usageError("the arguments contain no file")
	case c.Output != "" && !m.one:
		return errOneOutput
	case c.Select.DryRun:
		return m.show()
	}
	m.run(filesAtOnce, func(f found, p *fileProgress) (fileOutcome, error) { return c.one(m, id, f, p) })
	return m.end()
}

// one signs one of several files.
func (c *signCmd) one(m *manyFiles, id *keyfile.Identity, f found, p *fileProgress) (fileOutcome, error) {
	if f.folder != nil && strings.HasSuffix(f.path, signatureSuffix) {
		return isSkipped, nil
	}
	out := cmp.Or(c.Output, f.title()+signatureSuffix)
	if _, err := os.Lstat(out); err == nil && c.Keep.NoClobber {
		return isThere, nil
	}
	src, err := f.open(m.app)
	if err != nil {
		return isFailed, err
	}
	defer src.Close()
	src.count(p)
	err = c.sign(m.app, id, src, out)
	if c.Keep.NoClobber && exists(err) {
		return isThere, nil
	}
	return isDone, err
}

var errOneOutput = usageError("-o is for one file, and there are several", "without it each signature is written beside its file")

// check returns an error for invalid flags, before anything happens.
func (c *signCmd) check(a *app, files names) error {
	if c.Output != "" && len(files) > 1 {
		return errOneOutput
	}
	if c.Keep.NoClobber && c.Force {
		return usageError("--no-clobber and --force do not go together", "choose one of the two")
	}
	if err := pqenc.ValidComment(c.comment()); err != nil {
		return err
	}
	if slices.ContainsFunc(files, isStdio) {
		if c.Select.DryRun {
			return usageError("--dry-run is for files, and not for standard input", "leave it out, or name a file")
		}
		return c.Secret.notFrom(&input{file: a.stdin, name: "standard input"})
	}
	return nil
}

func (c *signCmd) comment() string {
	if c.Comment == nil {
		return ""
	}
	return *c.Comment
}

// signer returns the named key, or the default identity.
func (c *signCmd) signer(a *app) (*keyfile.Identity, error) {
	at, err := locateOwn(c.Identity, usageError("no key to sign with", "sign with your private key: -i KEY", `or make a default identity with "pqenc keygen"`))
	if err != nil {
		return nil, err
	}
	id, err := a.privateKeyAt(at, &c.Secret)
	if err != nil {
		return nil, err
	}
	return id, a.maySign(at.arg, id)
}

// named signs a file or standard input.
func (c *signCmd) named(a *app, id *keyfile.Identity, name string) error {
	src, err := a.openInput(name)
	if err != nil {
		return err
	}
	defer src.Close()
	out := c.Output
	if out == "" && !isStdio(name) {
		out = name + signatureSuffix
	}
	meter := a.startMeter(src.size, out)
	defer meter.Stop()
	src.measure(meter)
	return c.sign(a, id, src, out)
}

// sign signs the input.
func (c *signCmd) sign(a *app, id *keyfile.Identity, src *input, out string) error {
	save, err := c.target(a, src, out)
	if err != nil {
		return err
	}
	contents := &counted{Reader: src.reader()}
	sig, err := pqenc.SignDetached(contents, id, c.comment())
	err = cmp.Or(err, src.unchanged())
	if err == nil && contents.n == 0 && src.size < 0 && !c.AllowEmpty {
		err = &failure{fmt.Errorf("%s is empty, and nothing was signed", src.name), exitIO,
			[]string{"if the command before the pipe failed, fix that", "if it is meant to be empty, use --allow-empty"}}
	}
	return save(sig, err)
}

// counted counts the bytes read.
type counted struct {
	io.Reader
	n int64
}

func (r *counted) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.n += int64(n)
	return n, err
}

// target prepares the output for the signature of src, and returns a function that writes
// the signature unless its err argument is an error.
func (c *signCmd) target(a *app, src *input, out string) (save func(sig []byte, err error) error, err error) {
	if c.Output == "" && !isStdio(out) && src.size < 0 {
		return nil, usageError(src.name+" is not a regular file, so that the signature has no default name", "name the signature with -o")
	}
	info, err := os.Lstat(out)
	special := err == nil && c.Output != "" && !info.Mode().IsRegular() // such as /dev/null
	if isStdio(out) || c.Force || special || src.is(os.Stat(out)) || a.spareKeys(out) != nil {
		return c.replace(a, src, out)
	}
	if err == nil {
		return nil, taken(&fs.PathError{Op: "create", Path: out, Err: fs.ErrExist})
	}
	probe, err := a.create(out, durable.Options{}) // to find errors before the work
	if err != nil {
		return nil, err
	}
	if err := probe.Abort(); err != nil {
		return nil, err
	}
	return func(sig []byte, err error) error {
		if err != nil {
			return err
		}
		return taken(a.uninterrupted(func() error { return durable.WriteNew(out, sig, 0o666) }))
	}, nil
}

// replace is like target for an output that may exist.
func (c *signCmd) replace(a *app, src *input, name string) (save func(sig []byte, err error) error, err error) {
	out, err := a.openOutput(name, src, durable.Options{})
	if err != nil {
		return nil, err
	}
	return func(sig []byte, err error) error {
		if err == nil {
			_, err = out.Write(sig)
		}
		return out.finish(err)
	}, nil
}

// taken adds hints to the error for a signature that exists already.
func taken(err error) error {
	if exists(err) {
		return withHints(err, "to replace it, use --force, or choose another name with -o")
	}
	return err
}
