// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// sealer encrypts as the flags of a command say.
type sealer struct {
	app     *app
	to      *recipientFlags
	context *contextFlag
	secret  *secretFlags

	recipients []pqenc.Recipient // after load
	signer     *keyfile.Identity // the same, or nil
}

// load loads the keys, and asks for the passphrase of the thing so named.
func (s *sealer) load(what string) error {
	if err := s.loadRecipients(what); err != nil {
		return err
	}
	if s.to.Sign != "" && anonymous(s.recipients) {
		return pqenc.ErrAnonymous
	}
	return s.loadSigner()
}

// reserve reserves room for more recipients in the header.
func (s *sealer) reserve(room reserveFlag) {
	s.recipients = append(s.recipients, pqenc.Reserve(room.Reserve))
}

// seal encrypts src to dst.
func (s *sealer) seal(dst io.Writer, src io.Reader) error {
	w, err := s.open(dst)
	if err != nil {
		return err
	}
	if _, err := w.ReadFrom(src); err != nil {
		return err // without Close: an unfinished file must look truncated
	}
	return w.Close()
}

// open starts an encrypted file, which is signed if there is a signer.
func (s *sealer) open(dst io.Writer) (*pqenc.Writer, error) {
	if s.signer == nil {
		return pqenc.Encrypt(dst, s.recipients...)
	}
	return pqenc.EncryptSigned(dst, s.signer, s.context.text(), s.recipients...)
}

// loadSigner loads the signing key, if there is one.
func (s *sealer) loadSigner() error {
	_, secret := s.secret.roles(s.to.Passphrase)
	return s.signWith(secret)
}

// signWith is like loadSigner for a key with the given source of its passphrase.
func (s *sealer) signWith(secret *passphraseFlags) error {
	if s.to.Sign == "" {
		return nil
	}
	id, err := s.app.privateKey(s.to.Sign, secret)
	if err != nil {
		return err
	}
	s.signer = id
	return s.app.maySign(s.to.Sign, id)
}

// check returns an error for flags that do not go together.
func (s *sealer) check() error {
	if err := s.to.New.check(&s.secret.File, s.to.Passphrase, "-p"); err != nil {
		return err
	}
	switch {
	case s.to.Passphrase && len(s.to.Recipient) > 0:
		return usageError("-p and -r do not go together: a passphrase must be the only way into a file",
			"choose one of the two")
	case s.to.Sign == "" && s.context.Context != nil:
		return usageError("--context needs --sign", "sign with --sign KEY")
	case len(s.context.text()) > pqenc.MaxContextSize:
		return usageError(fmt.Sprintf("the context is longer than %d bytes", pqenc.MaxContextSize), "choose a shorter one")
	}
	return nil
}

// loadRecipients loads the recipients that the flags name. what names the file or stream
// when it asks for a passphrase.
func (s *sealer) loadRecipients(what string) (err error) {
	if !s.to.Passphrase {
		s.recipients, err = s.keyRecipients()
		return err
	}
	secret, err := s.secret.File.choose(s.app, what, s.to.New)
	if err != nil {
		return err
	}
	to, err := recipient.NewPassphrase(secret)
	s.recipients = []pqenc.Recipient{to}
	return err
}

// keyRecipients loads the keys that -r names, without duplicates.
func (s *sealer) keyRecipients() (to []pqenc.Recipient, err error) {
	var all []pqenc.Recipient
	seen := make(map[string]string)
	for _, name := range s.to.Recipient {
		keys, err := recipientKeys(name)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
		for _, key := range keys {
			id, text := keyID(key)
			if seen[id] != "" {
				s.app.warn("%s: %s is already a recipient", shown(name), text)
				continue
			}
			seen[id] = name
			to = append(to, key)
		}
	}
	if to, err = together(s.newest(to), all); err != nil {
		return nil, err
	}
	for _, key := range to {
		id, _ := keyID(key)
		if err := s.usable(key); err != nil {
			return nil, in(shown(seen[id]), err)
		}
	}
	if len(to) > format.MaxKeyStanzas {
		return nil, usageError(fmt.Sprintf("%d recipients are more than %d", len(to), format.MaxKeyStanzas),
			"encrypt to one key that they share, or make several files")
	}
	return to, nil
}
