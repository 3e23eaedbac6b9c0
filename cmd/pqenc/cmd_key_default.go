// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
)

type keyDefaultCmd struct {
	Name string `arg:"" optional:"" type:"name" complete:"own" name:"NAME" help:"The identity of yours that is used where none is named."`
}

func (keyDefaultCmd) Help() string {
	return `Without NAME it prints the default identity.

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
		return r.SetDefault(c.Name)
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
