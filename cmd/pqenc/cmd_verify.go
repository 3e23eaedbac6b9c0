// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
)

type verifyCmd struct {
	Keys    identityFlag   `embed:""`
	Has     passphraseFlag `embed:""`
	Trust   fromFlags      `embed:""`
	Context contextFlag    `embed:""`

	Signature string `type:"path" placeholder:"SIG" help:"Verify FILE, which may be any file, by the signature SIG that \"pqenc sign\" made."`

	WriteDigests string `type:"path" placeholder:"LIST" help:"Write the digests of a signed FILE to LIST, so that \"pqenc -d --range --from\" can verify parts of it. That command looks for FILE.digests."`

	Keep   keepFlag    `embed:""`
	Select selectFlags `embed:""`

	URL   urlFlags `embed:""`
	JSON  bool     `name:"json" help:"Print JSON."`
	Files names    `arg:"" optional:"" type:"files" name:"FILE ..." help:"An encrypted file or its URL, several such files, or folders, which are searched for them; with --signature, any file. Default, or if FILE is -: standard input."`

	Secret secretFlags `embed:""`
}

func (verifyCmd) Help() string {
	return `Reads the whole file. With --from, the file must be signed for you by one of these keys,
and the contents must be those that were signed; if not, the exit code is 5. Without
--from it only checks that the file is not damaged, and prints the signer that the file
names. For several files it prints a summary, or with --json a list.

With --signature it verifies a detached signature and decrypts nothing. This needs --from.

Examples:

    pqenc verify -i lab.key --from alice.pub update.pqe
    pqenc verify -i lab.key --from alice.pub run7/ run8/
    pqenc verify -i lab.key --from alice.pub https://example.org/update.pqe
    pqenc verify -i lab.key --json update.pqe | jq -r .signature.signer
    pqenc verify -i lab.key --write-digests up.pqe.digests up.pqe
    pqenc verify --from alice.pub --signature release.tar.pqs release.tar`
}

// verdict is the output of verify in its JSON form.
type verdict struct {
	File        string     `json:"file"`
	ContentSize int64      `json:"content_size"`      // all of it authentic
	Signature   *sigReport `json:"signature"`         // null if unsigned
	Fetched     int64      `json:"fetched,omitempty"` // bytes read from a URL
}

type sigReport struct {
	Level     string   `json:"level"` // unverified or verified
	Signer    string   `json:"signer"`
	Name      string   `json:"name,omitempty"` // of the verified signer in the keyring
	Time      string   `json:"time"`           // RFC 3339
	Context   string   `json:"context"`
	Addressed bool     `json:"addressed"` // to the reader
	Readers   []string `json:"readers"`
}

// file returns the only file, or "" for standard input.
func (c *verifyCmd) file() string { return (&fileArgs{In: c.Files}).in() }

func (c *verifyCmd) Run(a *app) error {
	if c.Select.lists() || len(c.Files) > 1 || len(c.Files) == 1 && isDir(c.Files[0]) {
		return c.several(a)
	}
	if err := c.checkDigests(); err != nil {
		return err
	}
	if c.Signature != "" {
		return c.detached(a)
	}
	src, err := a.openEncrypted(c.file(), c.URL)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := c.spareInput(src); err != nil {
		return err
	}
	if c.Keep.taken(a, c.WriteDigests) {
		return nil
	}
	keys, err := a.identities(&c.Keys, c.Has.Passphrase, &c.Secret, src)
	if err != nil {
		return err
	}
	policy, err := c.Trust.policy(&c.Context)
	if err != nil {
		return err
	}
	meter := a.startMeter(src.total(), os.DevNull) // the verdict follows it
	defer meter.Stop()
	src.measure(meter)
	o := &opener{app: a, src: src, meter: meter, policy: policy, keys: keys}
	read := o.readAll
	if c.WriteDigests != "" {
		read = func() (int64, *pqenc.Signature, error) {
			return o.writeDigests(c.WriteDigests, durable.Options{New: c.Keep.NoClobber})
		}
	}
	n, s, err := read()
	if c.Keep.NoClobber && errors.Is(err, fs.ErrExist) {
		return c.Keep.settle(a, c.WriteDigests, err)
	}
	if err != nil {
		return in(src.name, c.hintSignature(src.doubt(err)))
	}
	v := &verdict{File: src.name, ContentSize: n, Signature: reportOf(s), Fetched: src.fetched()}
	if c.JSON {
		return printJSON(a.stdout, v)
	}
	return v.print(a.stdout)
}

// readAll reads all contents, and returns their size.
func (o *opener) readAll() (size int64, s *pqenc.Signature, err error) {
	// Nothing is released, so that verifying at the end is early enough.
	plain, err := o.open(true)
	if err != nil {
		return 0, nil, err
	}
	size, err = plain.WriteTo(io.Discard)
	o.meter.Stop()
	return size, plain.Signature(), cmp.Or(err, o.src.unchanged())
}

func reportOf(s *pqenc.Signature) *sigReport {
	if s == nil {
		return nil
	}
	r := &sigReport{
		Level: s.Level.String(), Signer: s.Signer.String(), Time: s.Time.UTC().Format(time.RFC3339),
		Context: s.Context, Addressed: s.Addressed, Readers: []string{},
	}
	if s.Level != pqenc.Unverified {
		r.Name = nameOf(s.Signer)
	}
	for _, f := range s.Readers {
		r.Readers = append(r.Readers, f.String())
	}
	return r
}

func (s *sigReport) addressedText() string {
	switch {
	case !s.Addressed:
		return fmt.Sprintf("to others (%d in all)", len(s.Readers))
	case len(s.Readers) == 0:
		return "to everybody with the passphrase"
	}
	return fmt.Sprintf("to you (%d in all)", len(s.Readers))
}

// print writes the verdict for people.
func (v *verdict) print(w io.Writer) error {
	rows := [][2]string{{"contents", fmt.Sprintf("%d bytes, undamaged", v.ContentSize)}}
	s := v.Signature
	switch {
	case s == nil:
		rows = append(rows, [2]string{"signature", "none"})
	case s.Level == pqenc.Unverified.String():
		rows = append(rows, [2]string{"signed by", s.Signer + " " + notChecked})
	default:
		rows = append(rows, [][2]string{{"signature", "verified: the signer signed these contents"}, {"signed by", withName(s.Signer, s.Name)}}...)
	}
	if s != nil {
		rows = append(rows, [2]string{"time", s.Time})
		if s.Context != "" {
			rows = append(rows, [2]string{"context", fmt.Sprintf("%q", s.Context)})
		}
		rows = append(rows, [2]string{"addressed", s.addressedText()})
	}
	return printRows(w, rows)
}
