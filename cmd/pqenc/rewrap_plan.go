// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// load loads the keys, and asks for the new passphrase.
func (r *rewrapper) load() (err error) {
	c := r.cmd
	if !c.keyed() {
		return nil
	}
	ofFile, ofKeys := c.Secret.roles(len(c.Keys.Identity) == 0 && c.To.Sign == "")
	if r.keys, r.defaultKey, err = r.app.decryptors(&c.Keys, ofKeys); err != nil {
		return err
	}
	if err := c.Secret.check(&input{size: -1}, len(r.keys) > 0 || c.To.Sign != ""); err != nil {
		return err
	}
	for _, id := range r.keys {
		r.named = append(r.named, oneAtATime(id, &r.asking))
	}
	r.secret = oneAtATime(recipient.NewPrompted(ofFile.ask(r.app, "the files")), &r.asking)
	if c.Repair {
		return nil
	}
	c.New.source.missing = newPassphraseHint
	r.sealer = sealer{app: r.app, to: &c.To, context: new(contextFlag), secret: &secretFlags{File: c.New}}
	if err := r.sealer.check(); err != nil {
		return err
	}
	if err := r.sealer.signWith(ofKeys); err != nil {
		return err
	}
	return r.plan()
}

// own returns the identities among the keys, decrypted. Age keys are not identities.
func (r *rewrapper) own() (own []*keyfile.Identity, err error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	for _, id := range r.keys {
		ids, err := identitiesIn(id)
		if err != nil {
			return nil, err
		}
		own = append(own, ids...)
	}
	return own, nil
}

// plan determines the changes.
func (r *rewrapper) plan() error {
	c := r.cmd
	if c.ToCurrent {
		return r.planCurrent()
	}
	if err := r.sealer.loadRecipients("the files"); err != nil {
		return err
	}
	if err := r.includesOwn(); err != nil {
		return err
	}
	r.sealer.reserve(c.Room)
	r.changes = []pqenc.Change{{To: r.sealer.recipients, Keep: c.Add}}
	return nil
}

// includesOwn refuses a complete new list of recipients without any of the keys that open
// the files now. The user would be locked out, since the old file is gone.
func (r *rewrapper) includesOwn() error {
	c := r.cmd
	if c.Add || c.WithoutMe || c.To.Passphrase || len(r.keys) == 0 {
		return nil
	}
	err := r.opensOwn()
	var wrong *wrongKey
	switch {
	case errors.As(err, &wrong):
		return wrong.err
	case !errors.Is(err, pqenc.ErrNoMatch):
		return err
	case r.defaultKey != "":
		return usageError(fmt.Sprintf("%s, your default identity, is not one of the new recipients: you could no longer read the files", r.defaultKey),
			fmt.Sprintf("add it with -r %s, or use --without-me if you want that", r.defaultKey))
	}
	return usageError("none of the keys that -i names is one of the new recipients: you could no longer read the files",
		"add your public key with -r, or use --without-me if you want that")
}

// opensOwn tries the user's own keys on a file for the new recipients. It asks for the
// passphrase of a key only if that may matter: not for the default identity, whose public
// key is sufficient.
func (r *rewrapper) opensOwn() error {
	if r.defaultKey != "" {
		if own, err := recipientKeys(r.defaultKey); err == nil {
			return sharesKey(own, r.sealer.recipients)
		}
	}
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, r.sealer.recipients...)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = pqenc.Decrypt(&file, r.named...)
	return err
}

// sharesKey requires a key that is in both lists.
func sharesKey(one, other []pqenc.Recipient) error {
	ids := make(map[string]bool)
	for _, key := range one {
		id, _ := keyID(key)
		ids[id] = true
	}
	if slices.ContainsFunc(other, func(key pqenc.Recipient) bool { id, _ := keyID(key); return ids[id] }) {
		return nil
	}
	return pqenc.ErrNoMatch
}

// planCurrent makes a change for each key. The last change, without recipients, makes
// room, and shows whether a file opens at all if no key has older generations.
func (r *rewrapper) planCurrent() error {
	own, err := r.own()
	if err != nil {
		return err
	}
	if len(own) == 0 {
		if len(r.keys) > 0 {
			return usageError("--to-current is for pqenc keys: age keys have no generations", "name the recipients with -r")
		}
		return usageError("--to-current is for your own keys", "name them with -i")
	}
	for _, id := range own {
		r.named = append(r.named, id) // with its fingerprint
		if err := id.Public().Usable(time.Now()); err != nil && !(errors.Is(err, keyfile.ErrExpired) && r.cmd.To.AllowExpired) {
			return withHints(in(who(id.Fingerprint()), err), `make the next one with "pqenc key rotate", or name the recipients with -r`)
		}
		if older := id.Generations()[1:]; len(older) > 0 {
			r.changes = append(r.changes, pqenc.Change{
				To: []pqenc.Recipient{id.Public()}, Keep: true, Except: []pqenc.Identity{older[0]}, // it includes those before it
			})
		}
	}
	r.changes = append(r.changes, pqenc.Change{To: []pqenc.Recipient{pqenc.Reserve(r.cmd.Room.Reserve)}, Keep: true})
	return nil
}
