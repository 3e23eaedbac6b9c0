// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"sync"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// load gets the keys, and asks for the new passphrase.
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
		r.named = append(r.named, r.oneAtATime(id))
	}
	r.secret = r.oneAtATime(recipient.NewPrompted(ofFile.ask(r.app, "the files")))
	if c.Repair {
		return nil
	}
	r.sealer = sealer{app: r.app, to: &c.To, context: new(contextFlag), secret: &secretFlags{File: c.New}}
	if err := r.sealer.check(); err != nil {
		return err
	}
	if err := r.sealer.signWith(ofKeys); err != nil {
		return err
	}
	return r.plan()
}

// oneAtATime returns an identity for several files at once.
func (r *rewrapper) oneAtATime(id pqenc.Identity) pqenc.Identity {
	switch id.(type) {
	case *keyfile.Identity, *recipient.HybridIdentity:
		return id
	}
	return &askingIdentity{id, &r.asking}
}

// askingIdentity is an identity that may ask for its passphrase, and once.
type askingIdentity struct {
	pqenc.Identity
	mu *sync.Mutex
}

func (o *askingIdentity) Unwrap(s pqenc.Stanza, binding *pqenc.Binding) (*pqenc.FileKey, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Identity.Unwrap(s, binding)
}

// own returns the identities among the keys, opened: those of age are none.
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

// plan decides what is to be changed.
func (r *rewrapper) plan() error {
	c := r.cmd
	if c.ToCurrent {
		return r.planCurrent()
	}
	if err := r.sealer.loadRecipients("the files"); err != nil {
		return err
	}
	r.sealer.reserve(c.Room)
	r.changes = []pqenc.Change{{To: r.sealer.recipients, Keep: c.Add}}
	return nil
}

// planCurrent makes a change for each key. The last one, for nobody, makes room, and
// finds out if a file opens at all where no key has older generations.
func (r *rewrapper) planCurrent() error {
	own, err := r.own()
	if err != nil {
		return err
	}
	if len(own) == 0 {
		return usageError("--to-current is for your own keys", "name them with -i")
	}
	for _, id := range own {
		r.named = append(r.named, id) // with its name
		if err := id.Public().Usable(time.Now()); err != nil && !(errors.Is(err, keyfile.ErrExpired) && r.cmd.To.AllowExpired) {
			return withHints(in(who(id.Fingerprint()), err), `make the next one with "pqenc key rotate", or name the recipients with -r`)
		}
		if older := id.Generations()[1:]; len(older) > 0 {
			r.changes = append(r.changes, pqenc.Change{
				To: []pqenc.Recipient{id.Public()}, Keep: true, Except: []pqenc.Identity{older[0]}, // which knows those before it
			})
		}
	}
	r.changes = append(r.changes, pqenc.Change{To: []pqenc.Recipient{pqenc.Reserve(r.cmd.Room.Reserve)}, Keep: true})
	return nil
}
