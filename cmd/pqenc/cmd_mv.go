// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/transfer"
)

type mvCmd struct {
	Login  loginFlags      `embed:""`
	Secret passphraseFlags `embed:""`

	Overwrite bool `help:"Replace objects that have the new name."`
	DryRun    bool `short:"n" help:"Print what would be renamed, and rename nothing."`

	From names `arg:"" type:"urls" name:"URL ..." help:"The objects to rename, and last the new URL or a folder .../FOLDER/ to move them to."`
}

func (mvCmd) Help() string {
	return `Renames objects on the same server, without sending them again. Each object is renamed
atomically.

The objects in a folder, .../OLD/, or those that match a pattern go to a folder, .../NEW/.

` + patternHelp + `

Examples:

    pqenc mv -i alice.key ws://host/alice/model.pqe ws://host/alice/old.pqe
    pqenc mv -i alice.key ws://host/alice/run7/ ws://host/alice/archive/run7/
    pqenc mv -i alice.key 'ws://host/alice/*.pqe' ws://host/alice/archive/`
}

func (c *mvCmd) Run(a *app) error {
	last := len(c.From) - 1
	if last == 0 {
		return usageError("the new name is missing", "write the old URL and then the new one")
	}
	from, err := parseObjects(c.From[:last])
	if err != nil {
		return err
	}
	to, err := parseURL(c.From[last])
	if err != nil {
		return err
	}
	for _, l := range from {
		if l.with("") != to.with("") {
			return usageError("mv renames on one server only", "to copy a file to another server, pull it with --raw, and push it there")
		}
		if !to.isFolder() && (len(from) > 1 || l.isFolder() || l.isPattern()) {
			return usageError("several objects need a destination folder", "end the last URL with /")
		}
	}
	servers, err := c.Login.login(a, &c.Secret)
	if err != nil {
		return err
	}
	defer servers.Close()
	return c.move(servers, from, to)
}

// move renames the objects of the locations.
func (c *mvCmd) move(servers *servers, from []location, to location) error {
	var all []remoteObject
	for _, l := range from {
		found, err := c.find(servers, l)
		if err != nil {
			return err
		}
		for _, n := range found {
			n.becomes = newName(n.name, l, to)
			all = append(all, n)
		}
	}
	if err := newNames(all); err != nil {
		return err
	}
	if c.DryRun {
		for _, n := range all {
			fmt.Fprintf(servers.app.stdout, "%s -> %s\n", terminal.Printable(n.name), terminal.Printable(n.becomes))
		}
		servers.app.inform("%s", objectsText("to be renamed", all))
		return nil
	}
	return servers.each(all, "renamed", func(n remoteObject, server *remote) error {
		err := server.explain(server.Move(context.Background(), n.name, n.becomes, c.Overwrite))
		if errors.Is(err, transfer.ErrExists) {
			err = withHints(err, c.existsHint())
		}
		return err
	})
}

// find returns the objects of a location. With --dry-run they must exist; otherwise a
// missing object is an error when it is renamed.
func (c *mvCmd) find(servers *servers, l location) ([]remoteObject, error) {
	if c.DryRun && !l.isFolder() && !l.isPattern() {
		return servers.listed(l, func(name string) bool { return name == l.name })
	}
	return servers.named([]location{l})
}

func (c *mvCmd) existsHint() string {
	if c.Overwrite { // the server does not report which
		return "choose another name: your key may not replace the object, or the name is that of a folder, or a folder in it is an object"
	}
	return "choose another name, or replace it with --overwrite"
}

// newName returns the new name of an object of a location.
func newName(name string, from, to location) string {
	if !to.isFolder() {
		return to.name
	}
	return to.name + strings.TrimPrefix(name, from.above())
}

// newNames requires distinct and valid new names, none of which another of the objects
// still has: all are renamed at about the same time.
func newNames(all []remoteObject) error {
	from, old := make(map[string]string), make(map[string]bool)
	for _, n := range all {
		old[n.name] = true
	}
	for _, n := range all {
		if err := transfer.CheckName(n.becomes); err != nil {
			return withHints(in(n.becomes, err), "choose another name: nothing was renamed")
		}
		if other, taken := from[n.becomes]; taken {
			return usageError(fmt.Sprintf("%s and %s would both become %s", other, n.name, n.becomes), "rename them one by one: nothing was renamed")
		}
		if n.becomes != n.name && old[n.becomes] {
			return usageError(fmt.Sprintf("%s would become %s, which is to be renamed, too", n.name, n.becomes), "rename them one by one: nothing was renamed")
		}
		from[n.becomes] = n.name
	}
	return nil
}
