// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/internal/terminal"
)

type keyRemoveCmd struct {
	Name  string `arg:"" type:"name" complete:"keys" name:"NAME" help:"The key."`
	Force bool   `help:"Do not ask before removing a private key."`
}

func (keyRemoveCmd) Help() string {
	return `Asks before it removes one of your identities: without the private key, nobody can
decrypt files that were encrypted to it.

On a server, first remove the name from the access list. A list with an unknown name is an
error, and the server then keeps using the old list, which still admits the key.

Examples:

    pqenc key remove alice`
}

func (c *keyRemoveCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	e, err := r.Find(c.Name)
	if err != nil && e.Err == nil { // damaged keys can be removed as well
		return err
	}
	if e.Own && !c.Force {
		err := a.confirm(fmt.Sprintf("%s is yours: without it, you cannot decrypt files that were encrypted to it. Destroy the private key?", c.Name))
		if errors.Is(err, terminal.ErrNoTerminal) {
			return usageError("there is no terminal to ask whether to destroy the private key of "+c.Name, "to destroy it, add --force")
		}
		if err != nil {
			return &failure{errors.New(c.Name + " was not removed"), exitUsage, nil}
		}
	}
	if err := r.Guarded(a.uninterrupted).Remove(e); err != nil {
		return err
	}
	a.inform("removed %s", c.Name)
	if !e.Own {
		a.inform("hint: a server whose access list names %s still admits that key: remove the name there as well", c.Name)
	}
	return nil
}
