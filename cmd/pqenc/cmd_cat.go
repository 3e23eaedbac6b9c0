// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
)

type catCmd struct {
	Keys    identityFlag   `embed:""`
	Has     passphraseFlag `embed:""`
	Trust   fromFlags      `embed:""`
	Stream  streamFlag     `embed:""`
	Context contextFlag    `embed:""`

	Digests string `type:"path" placeholder:"LIST" help:"With --from and one FILE, verify parts by the digest list that \"pqenc verify --write-digests\" wrote. Default: FILE.digests, if it exists."`

	Batch bool  `help:"Read requests for parts of files from standard input, one line of JSON each."`
	Only  bool  `help:"With --batch, open only the files named here."`
	Files names `arg:"" optional:"" type:"urls" name:"FILE ..." help:"Encrypted files, or their URLs. Default, or if FILE is -: standard input. With --batch, files to open in advance."`

	Secret secretFlags `embed:""`
}

func (catCmd) Help() string {
	return `Decrypts files to standard output, one after the other.

With --batch it serves a program in another language: it keeps files open and answers
requests for parts of them, in order or, if the requests have ids, as answers are ready.
It can also ask the program for the bytes of files that only the program can read. It
exits at the end of standard input. docs/batch.md describes requests and answers.

Examples:

    pqenc cat -i lab.key part1.pqe part2.pqe part3.pqe > all.bin
    echo '{"file": "model.pqe", "offset": 8, "length": 64}' | pqenc cat --batch
    pqenc cat --batch --only --from alice.pub -i lab.key model.pqe`
}

func (c *catCmd) Run(a *app) error {
	if c.Only && !c.Batch {
		return usageError("--only needs --batch", "add --batch, or leave it out")
	}
	switch {
	case c.Digests == "":
	case c.Batch:
		return usageError("--digests is not for --batch", "name the list in the request: docs/batch.md describes it")
	case len(c.Files) != 1:
		return usageError("--digests is for one FILE", "name one, or leave --digests out: FILE.digests is found")
	case len(c.Trust.From) == 0:
		return errDigestsAlone
	}
	if slices.Contains(c.Files, "") { // from an unset variable in a script
		return usageError("the name of the file is empty")
	}
	r, err := c.reading(a)
	if err != nil {
		return err
	}
	if c.Batch {
		return r.batch()
	}
	return r.all()
}

// reading decrypts several files with the same keys.
type reading struct {
	*catCmd
	app    *app
	policy pqenc.Policy
	named  []pqenc.Identity
	own    string // name of the default identity, if that is tried
	ofFile *passphraseFlags
	asking sync.Mutex // held while asking for a passphrase
}

func (c *catCmd) reading(a *app) (*reading, error) {
	r := &reading{catCmd: c, app: a}
	ofFile, ofKeys := c.Secret.roles(c.Has.Passphrase || len(c.Keys.Identity) == 0)
	named, own, err := a.decryptors(&c.Keys, ofKeys)
	if err != nil {
		return nil, err
	}
	for _, id := range named {
		r.named = append(r.named, oneAtATime(id, &r.asking))
	}
	r.own, r.ofFile = own, ofFile
	r.policy, err = c.Trust.policy(&c.Context)
	return r, err
}

// keys returns the keys to try on the named file.
func (r *reading) keys(name string) *identities {
	keys := newIdentities(r.named, r.own, nil)
	keys.list = append(keys.list, oneAtATime(recipient.NewPrompted(r.ofFile.askForFile(r.app, name, len(r.named) > 0 && !r.Has.Passphrase)), &r.asking))
	return keys
}

// all decrypts the files to standard output. It stops at the first error, since output
// after a gap is useless.
func (r *reading) all() error {
	if len(r.Files) == 0 {
		r.Files = []string{"-"}
	}
	var out *output
	for _, name := range r.Files {
		var err error
		if out, err = r.one(name, out); err != nil {
			if out != nil {
				err = out.finish(err)
			}
			return err
		}
	}
	return out.finish(nil)
}

// one decrypts a file. The first one opens the output.
func (r *reading) one(name string, out *output) (*output, error) {
	src, err := r.app.openEncrypted(name, urlFlags{r.Digests != ""})
	if err != nil {
		return out, err
	}
	defer src.Close()
	if err := r.Secret.check(src, len(r.named) > 0); err != nil {
		return out, err
	}
	meter := r.app.startMeter(src.total(), "")
	defer meter.Stop()
	src.measure(meter)
	o := &opener{app: r.app, src: src, meter: meter, policy: r.policy, keys: r.keys(src.name),
		flags: partFlags{Digests: r.Digests}, beside: digestsOf(name)}
	plain, err := o.open(r.Stream.StreamUnverified)
	if err != nil {
		return out, in(src.name, err)
	}
	if out == nil {
		out, err = r.app.openOutput("", src, durable.Options{})
	} else if src.is(r.app.stdout.file.Stat()) {
		err = usageError("standard output is an input", "choose another name for the output")
	}
	if err != nil {
		return out, err
	}
	_, err = plain.WriteTo(out)
	meter.Stop()
	if err = src.doubt(cmp.Or(err, src.unchanged())); err == nil {
		r.app.sayWho(src.name, plain.Signature())
	}
	return out, in(src.name, err)
}
