// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"os"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// Age keys can encrypt and decrypt, but they are no identities of pqenc: where one is
// needed, the error is [errAgeKey].

var errAgeKey = error(&keyfile.KindError{Kind: keyfile.AgePostQuantum})

// isAgeText reports whether an argument is an age key itself rather than the name of a
// file.
func isAgeText(arg string) bool { return strings.HasPrefix(arg, "age1") && !isPath(arg) }

// shown returns the form of an argument for messages.
func shown(arg string) string {
	if isAgeText(arg) {
		return "the key of age"
	}
	return arg
}

// ageRecipients returns the age public key that is the argument itself. Errors do not
// quote its 2 KB.
func ageRecipients(arg string) (to []pqenc.Recipient, err error) {
	keys, err := keyfile.ParseAgeRecipients([]byte(arg))
	for _, key := range keys {
		to = append(to, key)
	}
	if _, absent := os.Lstat(arg); err != nil && absent == nil {
		return nil, withHints(in(shown(arg), err), "for the file of that name, write ."+string(os.PathSeparator)+arg)
	}
	return to, in(shown(arg), err)
}

// publicsOf returns recipients as public keys of pqenc, which all of them must be.
func publicsOf(to []pqenc.Recipient) (keys keyfile.Publics, err error) {
	for _, r := range to {
		key, ok := r.(*keyfile.Public)
		if !ok {
			return nil, errAgeKey
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// isAgeSecret reports whether an argument is an age private key itself. Secrets belong
// neither on the command line nor in messages.
func isAgeSecret(arg string) bool { return strings.HasPrefix(strings.ToUpper(arg), "AGE-SECRET-KEY-") }

var errAgeSecret = &failure{errors.New("a private key is on the command line, where others can see it"), exitUsage,
	[]string{"put it into a file that only you can read, and name the file", "other users and the shell history may have it already: make a new one"}}

// ageIdentities returns the private keys in an age identity file.
func ageIdentities(data []byte) (ids []pqenc.Identity, err error) {
	keys, err := keyfile.ParseAgeIdentities(data)
	for _, key := range keys {
		ids = append(ids, key)
	}
	return ids, err
}

// anonymous reports whether one of the recipients has no fingerprint, so that a signature
// cannot name it.
func anonymous(to []pqenc.Recipient) bool {
	for _, r := range to {
		if _, ok := r.(*recipient.HybridRecipient); ok {
			return true
		}
	}
	return false
}

// keyID returns a unique ID of a recipient, and its name for messages.
func keyID(r pqenc.Recipient) (id, text string) {
	if key, ok := r.(*recipient.HybridRecipient); ok {
		return string(key.Bytes()), "this key"
	}
	f := r.(*keyfile.Public).Fingerprint().String()
	return f, f
}
