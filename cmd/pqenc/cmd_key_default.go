// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pqenc/pqenc/keyfile/keyring"
)

type keyDefaultCmd struct {
	Name string `arg:"" optional:"" type:"name" complete:"own" name:"NAME" help:"The identity to use where a command names none."`
}

func (keyDefaultCmd) Help() string {
	return `Without NAME it prints the present default identity.

Examples:

    pqenc key default
    pqenc key default work`
}

func (c *keyDefaultCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	if c.Name != "" {
		return c.choose(a, r)
	}
	name, err := r.Default()
	if err != nil {
		return err
	}
	if name == "" {
		return &failure{errors.New("there is no default identity"), exitKeyFile, []string{`make one with "pqenc keygen", or choose one with "pqenc key default NAME"`}}
	}
	_, err = fmt.Fprintln(a.stdout, name)
	return err
}

func (c *keyDefaultCmd) choose(a *app, r *keyring.Ring) error {
	if err := r.SetDefault(c.Name); err != nil {
		return err
	}
	if e, err := r.Find(c.Name); err == nil && e.Public.Usable(time.Now()) != nil {
		a.warn("%s: %v", c.Name, e.Public.Usable(time.Now()))
	}
	return nil
}
