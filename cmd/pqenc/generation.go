// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// generationFlag is for logins. Everything else uses the newest generation of a key.
type generationFlag struct {
	Generation maximum `placeholder:"N" help:"Log in with generation N of the key, for servers that do not know the newest one yet."`
}

// of returns the generation to log in with.
func (f generationFlag) of(id *keyfile.Identity) (*keyfile.Identity, error) {
	if f.Generation == 0 {
		return id, nil
	}
	for _, g := range id.Generations() {
		if g.Public().Generation() == int(f.Generation) {
			return g, nil
		}
	}
	return nil, usageError(fmt.Sprintf("the key has no generation %d", f.Generation), `"pqenc key show KEY" lists the generations`)
}

// olderHint adds a hint for a server that does not know the login key, if that has an
// earlier generation.
func olderHint(id *keyfile.Identity, err error) error {
	all := id.Generations()
	if !errors.Is(err, transfer.ErrDenied) || len(all) < 2 {
		return err
	}
	return withHints(err, fmt.Sprintf("if it knows only an earlier generation of your key, log in with that one: --generation %d", all[1].Public().Generation()),
		kindOf(err).hints[0])
}
