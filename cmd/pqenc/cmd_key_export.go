// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

type keyExportCmd struct {
	Name   string `arg:"" type:"name" complete:"keys" name:"NAME" help:"The key, yours or somebody else's."`
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to the new file OUT. Default, or if OUT is -: standard output."`

	Components bool `help:"Print the public keys of the standard algorithms that it combines, for use with other programs."`
}

func (keyExportCmd) Help() string {
	return `Prints the public key file, which you can give to others. It does not export private
keys: to copy one, copy the file NAME.key.

Examples:

    pqenc key export me > me.pub
    pqenc key export --components me > me.components`
}

func (c *keyExportCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	e, err := r.Find(c.Name)
	if err != nil {
		return err
	}
	if c.Components {
		return a.writePublic(c.Output, e.Public.MarshalComponents())
	}
	return a.writePublic(c.Output, e.Public.Marshal())
}
