// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"fmt"
	"time"

	"github.com/pqenc/pqenc/internal/terminal"
)

type lsCmd struct {
	Login  loginFlags      `embed:""`
	Secret passphraseFlags `embed:""`

	Long bool   `short:"l" help:"Also print sizes in bytes, and when it was stored."`
	JSON bool   `name:"json" help:"Print JSON."`
	URL  string `arg:"" type:"url" name:"URL" help:"The server, ws://HOST[:PORT]/, followed by what the names must begin with."`
}

func (lsCmd) Help() string {
	return `Lists the objects that you may list.

Examples:

    pqenc ls -i alice.key ws://host/
    pqenc ls -i alice.key -l ws://host/alice/run7/
    pqenc ls -i alice.key --json ws://host/ | jq -r '.[].name'`
}

// entry is an object in a list, in its JSON form.
type entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	Time string `json:"time"` // RFC 3339
}

func (c *lsCmd) Run(a *app) error {
	at, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	servers, err := c.Login.login(a, &c.Secret)
	if err != nil {
		return err
	}
	defer servers.Close()
	server, err := servers.at(at)
	if err != nil {
		return err
	}
	if c.JSON {
		found, err := server.list(at.name)
		if err != nil {
			return err
		}
		entries := make([]entry, len(found))
		for i, o := range found {
			entries[i] = entry{o.Name, o.Size, o.Time.UTC().Format(time.RFC3339)}
		}
		return printJSON(a.stdout, entries)
	}
	a.stdout.used = true // also by an empty list
	w := bufio.NewWriter(a.stdout)
	for o, err := range server.objects(at.name) {
		if err != nil {
			w.Flush()
			return err
		}
		if c.Long {
			fmt.Fprintf(w, "%15d  %s  ", o.Size, timeText(o.Time))
		}
		fmt.Fprintln(w, terminal.Printable(o.Name))
	}
	return w.Flush()
}
