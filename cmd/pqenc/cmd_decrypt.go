// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/progress"
)

type decryptCmd struct {
	Keys    identityFlag   `embed:""`
	Has     passphraseFlag `embed:""`
	Trust   fromFlags      `embed:""`
	Stream  streamFlag     `embed:""`
	Context contextFlag    `embed:""`
	Sparse  sparseFlag     `embed:""`
	Part    partFlags      `embed:""`
	URL     urlFlags       `embed:""`
	Copy    copyFlags      `embed:""`
	Files   fileArgs       `embed:""`
	Secret  secretFlags    `embed:""`
}

func (decryptCmd) Help() string {
	return `Examples:

    pqenc -d -i lab.key model.pqe > model.bin
    pqenc -d -i lab.key -o model.bin model.pqe
    pqenc -d -i lab.key -o model.bin https://example.org/model.pqe
    ssh host 'cat run7.pqe' | pqenc -d -i lab.key | tar x
    pqenc -d -i lab.key -o back/ sealed/
    pqenc -d -i lab.key --range 1GiB:64KiB model.pqe > part.bin
    pqenc -d -i lab.key --from alice.pub --context "round 17" -o up.bin up.pqe`
}

func (c *decryptCmd) Run(a *app) error {
	if c.Part.Digests != "" && len(c.Trust.From) == 0 {
		return errDigestsAlone
	}
	if c.Files.intoFolder(&c.Copy) {
		return c.several(a)
	}
	if err := c.Copy.Select.single(c.Files.in()); err != nil {
		return err
	}
	if err := c.Sparse.check(c.Files.Output); err != nil {
		return err
	}
	if c.Copy.Keep.NoClobber && isStdio(c.Files.Output) {
		return errKeepNothing()
	}
	if c.Copy.Keep.taken(a, c.Files.Output) {
		return nil
	}
	src, err := a.openEncrypted(c.Files.in(), urlFlags{c.URL.RangeOnly || c.Part.Digests != ""})
	if err != nil {
		return err
	}
	defer src.Close()
	if c.Copy.Select.DryRun {
		return a.printPair(src.name, c.Files.Output)
	}
	keys, err := a.identities(&c.Keys, c.Has.Passphrase, &c.Secret, src)
	if err != nil {
		return err
	}
	policy, err := c.Trust.policy(&c.Context)
	if err != nil {
		return err
	}
	meter := a.startMeter(src.total(), c.Files.Output)
	defer meter.Stop()
	src.measure(meter)
	o := &opener{app: a, src: src, meter: meter, policy: policy, keys: keys, flags: c.Part, beside: digestsOf(c.Files.in())}
	if src.web != nil && c.Part == (partFlags{}) && !c.Sparse.Sparse && staged(c.Files.Output) {
		if done, err := o.resumable(c.Files.Output, durable.Options{New: c.Copy.Keep.NoClobber}); done || err != nil {
			return c.Copy.Keep.settle(a, c.Files.Output, in(src.name, err))
		}
	}
	// The signature of the contents comes after them: a part is read without it, unless
	// the whole file must be read anyway.
	all := c.Part.Range == nil || src.whole() != nil
	plain, err := o.open(all && staged(c.Files.Output) || c.Stream.StreamUnverified)
	if err != nil {
		return in(src.name, err)
	}
	// The output is opened only now: a file that does not open must not change it.
	options, err := c.options(src)
	if err != nil {
		return err
	}
	out, err := a.openOutput(c.Files.Output, src, options)
	if err != nil {
		return c.Copy.Keep.settle(a, c.Files.Output, err)
	}
	_, err = plain.WriteTo(out.byOffset())
	err = in(src.name, src.doubt(cmp.Or(err, src.unchanged())))
	if err = out.finish(err); err == nil {
		a.sayWho("", plain.Signature())
	}
	return c.Copy.Keep.settle(a, c.Files.Output, err)
}

// options returns the options of the output for the input.
func (c *decryptCmd) options(src *input) (durable.Options, error) {
	o, err := c.Copy.options(src)
	o.Private, o.Sparse = o.Like == nil && src.private(), c.Sparse.Sparse
	return o, err
}

// opener opens the input of a command.
type opener struct {
	app    *app
	src    *input
	meter  *progress.Meter
	policy pqenc.Policy
	keys   *identities
	flags  partFlags
	beside string // where to look for a list of digests, or empty
	passed int64  // bytes that were read before any are released
}

// contents are the contents of an encrypted file.
type contents interface {
	io.WriterTo
	Signature() *pqenc.Signature
}

// open opens the input, armored or not, and explains errors.
//
// With --from, the signature of the contents, which is at their end, may be verified
// after they are written only if recall is set: the output can then still be discarded.
// Otherwise nothing may be released before: a file is read twice, and an input that can
// be read only once is refused. It does not help if the signature names the reader as the
// only recipient: other recipients may have been added later.
func (o *opener) open(recall bool) (contents, error) {
	file, err := o.look()
	if err != nil {
		return nil, err
	}
	verify := len(o.policy.From) > 0 && !recall || o.flags.Digests != ""
	needed := o.flags != partFlags{}
	switch err := o.atRandom(file); {
	case err == nil && (verify || needed || o.src.web != nil && !recall): // a server may truncate files
		plain, err := o.part(verify)
		return plain, o.keys.explain(err, file.begin)
	case err != nil && needed && o.src.whole() == nil:
		return nil, err
	}
	plain, err := pqenc.DecryptSigned(file.Reader, o.policy, o.keys.list...)
	if err != nil {
		return nil, o.keys.explain(err, file.begin)
	}
	if verify {
		return nil, tooSoon(file)
	}
	if o.flags.Range != nil {
		return o.flags.Range.inOrder(plain)
	}
	return plain, nil
}

// look reads the first bytes of the input, with the header that opens.
func (o *opener) look() (*sniffed, error) {
	if err := o.src.settle(o.keys); err != nil {
		return nil, err
	}
	return sniff(o.src.reader())
}

// atRandom returns an error if the input does not allow random access.
func (o *opener) atRandom(file *sniffed) error {
	switch {
	case o.src.size < 0:
		return usageError("can only be read from start to end: it is not a file", "save it to a file first, or read all of it")
	case file.armored:
		return usageError("can only be read from start to end: it is text (armor)", "read all of it, or get the binary form")
	}
	return nil
}

// tooSoon returns the error for contents that may not be released before they are
// verified.
func tooSoon(file *sniffed) error {
	hint := "write to a file with -o, give the input as a file, or accept unverified contents with --stream-unverified"
	if file.armored { // no random access
		hint = "write to a file with -o, or accept unverified contents with --stream-unverified"
	}
	return &failure{errors.New("the signature of the contents is at their end, and another recipient could have replaced them"),
		exitSigner, []string{hint}}
}
