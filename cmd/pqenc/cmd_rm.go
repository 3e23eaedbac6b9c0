// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "context"

type rmCmd struct {
	Login  loginFlags      `embed:""`
	Secret passphraseFlags `embed:""`

	URLs names `arg:"" type:"urls" name:"URL ..." help:"What to delete, ws://HOST[:PORT]/NAME."`
}

func (rmCmd) Help() string {
	return `Examples:

    pqenc rm -i alice.key ws://host/alice/model.pqe`
}

func (c *rmCmd) Run(a *app) error {
	all, err := parseURLs(c.URLs)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.isFolder() {
			return usageError("the URL names a folder", "delete what is in it, one by one")
		}
	}
	servers, err := c.Login.login(a, &c.Secret)
	if err != nil {
		return err
	}
	defer servers.Close()
	return a.each(len(all), "deleted", func(i int) error {
		server, err := servers.at(all[i])
		if err != nil {
			return err
		}
		err = server.Delete(context.Background(), all[i].name)
		return in(all[i].String(), server.explain(err))
	})
}
