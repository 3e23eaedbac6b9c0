// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pqenc/pqenc/internal/terminal"
)

type rmCmd struct {
	Login  loginFlags      `embed:""`
	Secret passphraseFlags `embed:""`

	Recursive bool `short:"r" help:"Delete folders, .../FOLDER/, and everything in them."`
	Force     bool `short:"f" help:"Do not ask."`
	DryRun    bool `short:"n" help:"Print what would be deleted, and delete nothing."`

	URLs names `arg:"" type:"urls" name:"URL ..." help:"The objects to delete: ws://HOST[:PORT]/NAME, or a pattern."`
}

func (rmCmd) Help() string {
	return `On a terminal it asks before it deletes more than one object.

` + patternHelp + `

Examples:

    pqenc rm -i alice.key ws://host/alice/model.pqe
    pqenc rm -i alice.key 'ws://host/alice/run7/*.tmp.pqe'
    pqenc rm -i alice.key -r ws://host/alice/run7/`
}

func (c *rmCmd) Run(a *app) error {
	from, err := parseObjects(c.URLs)
	if err != nil {
		return err
	}
	for _, l := range from {
		if l.isFolder() && !c.Recursive {
			return usageError(l.String()+" is a folder", "to delete everything in it, add -r")
		}
	}
	servers, err := c.Login.login(a, &c.Secret)
	if err != nil {
		return err
	}
	defer servers.Close()
	all, err := c.list(servers, from)
	if err != nil {
		return err
	}
	if c.DryRun {
		for _, n := range all {
			fmt.Fprintln(a.stdout, terminal.Printable(n.name))
		}
		a.inform("%s", objectsText("to be deleted", all))
		return nil
	}
	if err := c.ask(a, all); err != nil {
		return err
	}
	return servers.each(all, "deleted", func(n remoteObject, server *remote) error { return server.remove(n.name) })
}

// list returns the objects to delete. With -r a folder can be named without its slash.
func (c *rmCmd) list(servers *servers, from []location) (all []remoteObject, err error) {
	for _, l := range from {
		var found []remoteObject
		switch {
		case l.isFolder() || l.isPattern() || !c.Recursive && !c.DryRun:
			found, err = servers.named([]location{l})
		default:
			found, err = servers.listed(l, func(name string) bool {
				return name == l.name || c.Recursive && strings.HasPrefix(name, l.name+"/")
			})
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// ask asks before several objects are deleted, if standard input is a terminal.
func (c *rmCmd) ask(a *app, all []remoteObject) error {
	if c.Force || len(all) < 2 || !terminal.Is(a.stdin) {
		return nil
	}
	err := a.confirm("Delete " + objectsText("", all) + "?")
	if errors.Is(err, errDeclined) {
		err = &failure{errors.New("nothing was deleted"), exitUsage, nil}
	}
	return err
}

// objectsText returns the number of objects and, if known, their size.
func objectsText(verb string, all []remoteObject) string {
	var size int64
	for _, n := range all {
		if n.size < 0 || size < 0 {
			size = -1
			continue
		}
		size += n.size
	}
	return countText(int64(len(all)), size, verb)
}

// countText returns the number of objects and their size in bytes, -1 if unknown.
func countText(n, size int64, verb string) string {
	text := fmt.Sprintf("%d objects", n)
	if n == 1 {
		text = "1 object"
	}
	if verb != "" {
		text += " " + verb
	}
	if size >= 0 {
		text += " (" + sizeText(size) + ")"
	}
	return text
}
