// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// reencrypt replaces a file with one of the same contents and a new file key.
func (r *rewrapper) reencrypt(f *encryptedFile) error {
	explain := func(err error) error { return f.keys.explain(err, f.rest.begin) }
	plain, err := pqenc.Decrypt(bytes.NewReader(f.head), f.keys.list...)
	if err != nil {
		return explain(err)
	}
	policy, signer, err := r.signing(plain.Signature())
	if err != nil {
		return err
	}
	if r.cmd.Select.DryRun {
		return r.explain(f, r.rehearse(f))
	}
	work := r.reencryptFile
	if f.rest.armored {
		work = r.reencryptText
	}
	return r.explain(f, r.newFile(f, func(out *durable.File) error { return explain(work(out, f, policy, signer)) }))
}

// reencryptFile reencrypts a binary file, reading at any offset.
func (r *rewrapper) reencryptFile(out *durable.File, f *encryptedFile, policy pqenc.Policy, signer *keyfile.Identity) error {
	verifying := len(policy.From) > 0
	src := &countedReaderAt{src: f.src.section(), progress: f.progress, passes: 1}
	if verifying {
		src.passes = 2
	}
	plain, err := pqenc.OpenSigned(src, f.src.size, policy, f.keys.list...)
	if err == nil && verifying {
		err = plain.Verify()
	}
	if err != nil {
		return err
	}
	err = r.encrypt(io.NewOffsetWriter(out, 0), plain.SectionReader, plain.Signature(), signer)
	return cmp.Or(err, f.src.unchanged())
}

// reencryptText reencrypts an armored file, which stays armored.
func (r *rewrapper) reencryptText(out *durable.File, f *encryptedFile, policy pqenc.Policy, signer *keyfile.Identity) error {
	src := io.MultiReader(bytes.NewReader(f.head), f.progress.reader(f.rest))
	plain, err := pqenc.DecryptSigned(src, policy, f.keys.list...)
	if err != nil {
		return err
	}
	text := armor.NewWriter(out)
	if err := r.encrypt(text, plain, plain.Signature(), signer); err != nil {
		return err
	}
	return text.Close()
}

// encrypt encrypts the contents to the new recipients. If there is a signer, it signs
// them with the context that they had.
func (r *rewrapper) encrypt(dst io.Writer, plain io.Reader, s *pqenc.Signature, signer *keyfile.Identity) (err error) {
	var w *pqenc.Writer
	if signer == nil {
		w, err = pqenc.Encrypt(dst, r.sealer.recipients...)
	} else {
		context := ""
		if s != nil {
			context = s.Context
		}
		w, err = pqenc.EncryptSigned(dst, signer, context, r.sealer.recipients...)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, plain); err != nil {
		return err // without Close: an unfinished file must look truncated
	}
	return w.Close()
}

// signing returns who signs the new file. Contents signed with one of the user's own keys
// are verified first: otherwise somebody else could get a signature for other contents.
func (r *rewrapper) signing(s *pqenc.Signature) (policy pqenc.Policy, signer *keyfile.Identity, err error) {
	if s == nil {
		return policy, r.sealer.signer, nil
	}
	own, err := r.own()
	if err != nil {
		return policy, nil, err
	}
	if r.sealer.signer != nil {
		own = append(own, r.sealer.signer)
	}
	for _, id := range own {
		if slices.Contains(id.Fingerprints(), s.Signer) {
			signer = id
			policy = pqenc.Policy{From: keyfile.Publics{id.Public()}.Senders(), AllowForwarded: true}
		}
	}
	switch {
	case r.cmd.DropSignature:
		return policy, nil, nil
	case r.sealer.signer != nil:
		return policy, r.sealer.signer, nil
	case signer == nil:
		return policy, nil, &failure{fmt.Errorf("is signed by %s, whose signature is lost when the file is encrypted again", s.Signer), exitSigner,
			[]string{"sign it yourself with --sign KEY, or use --drop-signature; without --reencrypt the signature stays"}}
	}
	if err := signer.Public().Usable(time.Now()); errors.Is(err, keyfile.ErrRetired) {
		return policy, nil, withHints(fmt.Errorf("cannot be signed again: %w", err), "sign it with another key, --sign KEY, or use --drop-signature")
	}
	return policy, signer, nil
}
