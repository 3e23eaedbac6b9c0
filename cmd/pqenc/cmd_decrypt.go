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
	// The signature of the contents is after all of them: a part is read without it, unless
	// there is no other way than to read all.
	all := c.Part.Range == nil || src.whole() != nil
	plain, err := o.open(all && staged(c.Files.Output) || c.Stream.StreamUnverified)
	if err != nil {
		return in(src.name, err)
	}
	// Only now: a file that does not open must not touch the output.
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

// options are those for the output of the input.
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
	beside string // where a list of digests may be, or empty
	passed int64  // bytes that were read before what is released is
}

// contents are those of an encrypted file.
type contents interface {
	io.WriterTo
	Signature() *pqenc.Signature
}

// open opens the input, armored or not, and explains why if it does not open.
//
// Contents that must be from somebody may be put to the test at their end only
// if recall says that it is not too late then. They are not to leave through a
// pipe before: a file is read twice, and what can be read only once is refused. That
// the reader is the only one in the signature does not help: others may have been
// added to the recipients since.
func (o *opener) open(recall bool) (contents, error) {
	file, err := o.look()
	if err != nil {
		return nil, err
	}
	verify := len(o.policy.From) > 0 && !recall || o.flags.Digests != ""
	needed := o.flags != partFlags{}
	switch err := o.atRandom(file); {
	case err == nil && (verify || needed || o.src.web != nil && !recall): // a server may cut files short
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

// look looks at the first bytes of the input, with the header that opens.
func (o *opener) look() (*sniffed, error) {
	if err := o.src.settle(o.keys); err != nil {
		return nil, err
	}
	return sniff(o.src.reader())
}

// atRandom fails for an input that cannot be read at random.
func (o *opener) atRandom(file *sniffed) error {
	switch {
	case o.src.size < 0:
		return usageError("can be read in order only: it is not a file", "put it into a file first, or read all of it")
	case file.armored:
		return usageError("can be read in order only: it is text (armor)", "read all of it, or get it in its binary form")
	}
	return nil
}

// tooSoon says why nothing of a file may leave.
func tooSoon(file *sniffed) error {
	hint := "write to a file with -o, give the input as a file, or accept that with --stream-unverified"
	if file.armored { // which cannot be read at random
		hint = "write to a file with -o, or accept that with --stream-unverified"
	}
	return &failure{errors.New("the signature of the contents comes at their end, and other recipients could have replaced them"),
		exitSigner, []string{hint}}
}
