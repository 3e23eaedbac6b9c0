// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"sync"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
)

// namesInRing returns a function that returns names from the keyring, which it reads
// again when that has changed.
func namesInRing() func(keyfile.Fingerprint) string {
	r, err := ring()
	if err != nil {
		return func(keyfile.Fingerprint) string { return "" }
	}
	return keyring.NewIndex(r).Name
}

// who returns how a fingerprint is shown: with the name that the keyring has for it.
func who(f keyfile.Fingerprint) string {
	return withName(f.String(), nameOf(f))
}

// withName returns a fingerprint with the name that the keyring has for it, if any.
func withName(fingerprint, name string) string {
	if name == "" {
		return fingerprint
	}
	return name + " (" + fingerprint + ")"
}

// nameOf returns the name that the keyring has for a fingerprint of any generation, or
// "". A keyring that cannot be read has no names: they are only there to be shown.
func nameOf(f keyfile.Fingerprint) string {
	if name, known := namesFound.Load(f); known {
		return name.(string)
	}
	r, err := ring()
	if err != nil {
		return ""
	}
	e, err := r.FindFingerprint(f)
	if err != nil {
		e.Name = ""
	}
	namesFound.Store(f, e.Name)
	return e.Name
}

// namesFound are the names of fingerprints that were asked for: the same people sign many
// files.
var namesFound sync.Map
