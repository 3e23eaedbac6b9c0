// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package fips detects GODEBUG=fips140=only, so that keys or files are not blamed for what
// that mode forbids. With fips140=on everything works.
package fips

import (
	"crypto/fips140"
	"errors"
)

// ErrOnly means that FIPS 140-only mode is in force.
var ErrOnly = errors.New("GODEBUG=fips140=only forbids what pqenc needs: X25519, Argon2id, and AES-GCM with counters as nonces")

// Check returns [ErrOnly] or nil.
func Check() error {
	if fips140.Enforced() {
		return ErrOnly
	}
	return nil
}
