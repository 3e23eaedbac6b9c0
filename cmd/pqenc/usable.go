// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

// This file decides which keys may still be used: see [keyfile.Public.Usable].

// usable refuses recipients whose keys are expired or retired. Age keys never are.
func (s *sealer) usable(to pqenc.Recipient) error {
	key, ok := to.(*keyfile.Public)
	if !ok {
		return nil
	}
	err := key.Usable(time.Now())
	switch {
	case errors.Is(err, keyfile.ErrExpired) && s.to.AllowExpired:
		return nil
	case err == nil:
		return nil
	}
	hint := renewal(key)
	if errors.Is(err, keyfile.ErrExpired) {
		hint += ", or use --allow-expired"
	}
	return withHints(err, hint)
}

// renewal returns a hint on a key to use instead of an unusable one.
func renewal(key *keyfile.Public) string {
	if r, err := ring(); err == nil {
		e, err := r.FindFingerprint(key.Fingerprint())
		switch {
		case err == nil && e.Public.Fingerprint() != key.Fingerprint():
			return "your keyring has its successor: use the name " + e.Name
		case err == nil && e.Own && !retired(key):
			return fmt.Sprintf("it is yours: \"pqenc key rotate %s\" makes its successor", e.Name)
		}
	}
	if retired(key) {
		return "ask its owner for another one"
	}
	return "ask its owner for the successor"
}

func retired(key *keyfile.Public) bool { return !key.Retired().IsZero() }

// newest leaves out keys that are given together with a later generation.
func (s *sealer) newest(all []pqenc.Recipient) []pqenc.Recipient {
	later := make(map[keyfile.Fingerprint]keyfile.Fingerprint)
	for _, to := range all {
		if key, ok := to.(*keyfile.Public); ok {
			for _, before := range key.Fingerprints()[1:] {
				later[before] = key.Fingerprint()
			}
		}
	}
	return slices.DeleteFunc(all, func(to pqenc.Recipient) bool {
		key, ok := to.(*keyfile.Public)
		if !ok {
			return false
		}
		by, found := later[key.Fingerprint()]
		if found {
			s.app.warn("%s was succeeded by %s, and is left out", key.Fingerprint(), by)
		}
		return found
	})
}

// warnBefore is how long before a key expires its owner is warned.
const warnBefore = 14 * 24 * time.Hour

// maySign returns an error for a retired key, and warns of one that has expired or is
// about to.
func (a *app) maySign(name string, id *keyfile.Identity) error {
	key := id.Public()
	err := key.Usable(time.Now())
	switch rotate := fmt.Sprintf("hint: make the next one with \"pqenc key rotate %s\"", name); {
	case errors.Is(err, keyfile.ErrRetired):
		return withHints(in(name, err), "sign with another key")
	case err != nil && !a.grammar.Quiet:
		a.warn("%s: %v", name, err)
		a.say(rotate)
	case !key.Expires().IsZero() && time.Until(key.Expires()) < warnBefore && !a.grammar.Quiet:
		a.warn("%s expires on %s", name, timeText(key.Expires()))
		a.say(rotate)
	}
	return nil
}
