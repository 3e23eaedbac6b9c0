// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "github.com/pqenc/pqenc/internal/durable"

type keyExportCmd struct {
	Name   string `arg:"" type:"name" name:"NAME" help:"The key, yours or somebody else's."`
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to OUT. Without it, or as -, standard output."`

	Components bool `help:"Print the keys of standard algorithms that it is made of, for other programs to compare."`
}

func (keyExportCmd) Help() string {
	return `Prints the public key file, to be given to others. The private key is in the file that
"pqenc keygen" has named.

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
		return a.writeOut(c.Output, e.Public.MarshalComponents())
	}
	return a.writeOut(c.Output, e.Public.Marshal())
}

// writeOut writes a small public result to a file or to standard output.
func (a *app) writeOut(name string, content []byte) error {
	if isStdio(name) {
		_, err := a.stdout.Write(content)
		return err
	}
	return a.replaceFile(name, content, durable.Options{})
}
