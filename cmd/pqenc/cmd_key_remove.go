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
	Force bool   `help:"Do not ask before a private key is destroyed."`
}

func (keyRemoveCmd) Help() string {
	return `Asks before it removes an identity of yours: without the private key nobody reads what
was encrypted to it.

Examples:

    pqenc key remove alice`
}

func (c *keyRemoveCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	e, err := r.Find(c.Name)
	if err != nil && e.Err == nil { // what is there is removed, damaged or not
		return err
	}
	if e.Own && !c.Force {
		err := a.confirm(fmt.Sprintf("%s is yours: what was encrypted to it can then not be read any more. Destroy the private key?", c.Name))
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
	return nil
}
