// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

type keyRenameCmd struct {
	Old  string `arg:"" type:"name" complete:"keys" name:"OLD" help:"The key."`
	Name string `arg:"" type:"name" name:"NEW" help:"Its new name."`
}

func (keyRenameCmd) Help() string {
	return `Changes only the name in the keyring, not the key. Change the name in access lists as
well.

Examples:

    pqenc key rename alice alice-work`
}

func (c *keyRenameCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	if err := r.Guarded(a.uninterrupted).Rename(c.Old, c.Name); err != nil {
		return hintTaken(err, "choose another name")
	}
	a.inform("%s is %s now", c.Old, c.Name)
	return nil
}
