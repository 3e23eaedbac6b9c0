// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"sync"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
)

// namesInRing returns a function that looks up names in the keyring, and reads it again
// when it has changed.
func namesInRing() func(keyfile.Fingerprint) string {
	r, err := ring()
	if err != nil {
		return func(keyfile.Fingerprint) string { return "" }
	}
	return keyring.NewIndex(r).Name
}

// who returns a fingerprint with its name in the keyring, for messages.
func who(f keyfile.Fingerprint) string {
	return withName(f.String(), nameOf(f))
}

// withName returns a fingerprint with the given name, if any.
func withName(fingerprint, name string) string {
	if name == "" {
		return fingerprint
	}
	return name + " (" + fingerprint + ")"
}

// nameOf returns the name that the keyring has for a fingerprint of any generation, or
// "". It treats an unreadable keyring as empty, since names are only shown.
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

// namesFound caches the names of fingerprints: the same people sign many files.
var namesFound sync.Map
