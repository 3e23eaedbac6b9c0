// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pqenc/pqenc"
)

// This file is verify with --signature, which checks a detached signature of any file.

// detachedVerdict is the output of verify --signature in its JSON form.
type detachedVerdict struct {
	File        string         `json:"file"`
	ContentSize int64          `json:"content_size"`
	Signature   detachedReport `json:"signature"`
}

type detachedReport struct {
	File    string `json:"file"`
	Level   string `json:"level"` // verified
	Signer  string `json:"signer"`
	Name    string `json:"name,omitempty"` // of the signer in the keyring
	Time    string `json:"time"`           // RFC 3339
	Comment string `json:"comment"`
}

// detached checks a detached signature. It prints nothing of it unless it is valid.
func (c *verifyCmd) detached(a *app) error {
	if err := c.checkDetached(); err != nil {
		return err
	}
	policy, err := c.Trust.policy(&c.Context)
	if err != nil {
		return err
	}
	sigName, sig, err := a.readSignature(c.Signature)
	if err != nil {
		return err
	}
	src, err := a.openInput(c.file())
	if err != nil {
		return err
	}
	defer src.Close()
	meter := a.startMeter(src.size, os.DevNull)
	defer meter.Stop()
	src.measure(meter)
	d, err := pqenc.VerifyDetached(src.reader(), sig, policy.From)
	meter.Stop()
	err = cmp.Or(err, src.unchanged())
	switch {
	case errors.Is(err, pqenc.ErrMalformedSignature), errors.Is(err, pqenc.ErrSignature):
		return in(sigName, err)
	case err != nil:
		return in(src.name, err)
	}
	v := &detachedVerdict{src.name, d.Length, detachedReport{
		File: sigName, Level: pqenc.Verified.String(), Signer: d.Signer.String(), Name: nameOf(d.Signer),
		Time: d.Time.UTC().Format(time.RFC3339), Comment: d.Comment,
	}}
	if c.JSON {
		return printJSON(a.stdout, v)
	}
	return v.print(a.stdout)
}

// checkDetached returns an error for flags that do not go with --signature.
func (c *verifyCmd) checkDetached() error {
	switch {
	case len(c.Trust.From) == 0:
		return usageError("no signer", "name the signer with --from PUB")
	case len(c.Keys.Identity) > 0 || c.Has.Passphrase || c.Secret.File.set() || c.Secret.Key.set():
		return usageError("--signature needs no private key and no passphrase: nothing is decrypted",
			"leave out the flags for decrypting, or verify an encrypted file without --signature")
	case c.Context.Context != nil || c.Trust.AllowForwarded:
		return usageError("--context and --allow-forwarded are for encrypted files", "verify prints the comment of the signer")
	case isStdio(c.Signature) && isStdio(c.file()):
		return usageError("the signature and the file cannot both come from standard input", "name one of the two")
	}
	return nil
}

// readSignature reads a signature file, or enough of it to see that it is none.
func (a *app) readSignature(name string) (title string, sig []byte, err error) {
	src, err := a.openInput(name)
	if err != nil {
		return "", nil, err
	}
	defer src.Close()
	sig, err = io.ReadAll(io.LimitReader(src.reader(), pqenc.MaxSignatureFile+1))
	return src.name, sig, err
}

// hintSignature adds a hint for a file that pqenc did not make, and that has a signature
// beside it.
func (c *verifyCmd) hintSignature(err error) error {
	if !errors.Is(err, pqenc.ErrNotPqenc) || isStdio(c.file()) {
		return err
	}
	beside := c.file() + signatureSuffix
	if _, missing := os.Lstat(beside); missing != nil {
		return err
	}
	return withHints(err, "its signature may be "+beside+": check that with --from PUB --signature "+beside)
}

// print writes the verdict for people.
func (v *detachedVerdict) print(w io.Writer) error {
	rows := [][2]string{
		{"contents", fmt.Sprintf("%d bytes", v.ContentSize)},
		{"signature", "verified: the signer signed this file"},
		{"signed by", withName(v.Signature.Signer, v.Signature.Name)},
		{"time", v.Signature.Time},
	}
	if v.Signature.Comment != "" {
		rows = append(rows, [2]string{"comment", fmt.Sprintf("%q", v.Signature.Comment)})
	}
	return printRows(w, rows)
}
