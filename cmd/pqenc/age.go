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

// Keys of age. They encrypt and decrypt, and are no identities: whoever needs one gets
// [errAgeKey].

var errAgeKey = error(&keyfile.KindError{Kind: keyfile.AgePostQuantum})

// isAgeText reports whether an argument is a key of age itself, not the name of a file.
func isAgeText(arg string) bool { return strings.HasPrefix(arg, "age1") && !isPath(arg) }

// shown returns what an argument is called in messages.
func shown(arg string) string {
	if isAgeText(arg) {
		return "the key of age"
	}
	return arg
}

// ageRecipients returns the key that an argument is. What is wrong with it is told
// without the 2 KB of it.
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

// publicsOf returns the public keys among recipients, which all must be such.
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

// isAgeSecret reports whether an argument is a private key of age itself. The command
// line is no place for a secret, and a message is none either.
func isAgeSecret(arg string) bool { return strings.HasPrefix(strings.ToUpper(arg), "AGE-SECRET-KEY-") }

var errAgeSecret = &failure{errors.New("a private key is on the command line, where others can see it"), exitUsage,
	[]string{"put it into a file that only you can read, and name that", "other users and the history of the shell may have it already: better make a new one"}}

// ageIdentities returns the private keys in a file of age, which open files.
func ageIdentities(data []byte) (ids []pqenc.Identity, err error) {
	keys, err := keyfile.ParseAgeIdentities(data)
	for _, key := range keys {
		ids = append(ids, key)
	}
	return ids, err
}

// anonymous reports whether one of the recipients has no fingerprint, so that a
// signature could not name it.
func anonymous(to []pqenc.Recipient) bool {
	for _, r := range to {
		if _, ok := r.(*recipient.HybridRecipient); ok {
			return true
		}
	}
	return false
}

// keyID returns what tells a recipient from all others, and what it is called.
func keyID(r pqenc.Recipient) (id, text string) {
	if key, ok := r.(*recipient.HybridRecipient); ok {
		return string(key.Bytes()), "this key"
	}
	f := r.(*keyfile.Public).Fingerprint().String()
	return f, f
}
