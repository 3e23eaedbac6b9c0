// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"slices"

	"github.com/alecthomas/kong"
)

type helpCmd struct {
	Command string `arg:"" optional:"" type:"name" complete:"commands" name:"COMMAND" help:"The command. Without one, the list of all commands."`
	Sub     string `arg:"" optional:"" type:"name" name:"SUB" help:"Its subcommand, as in \"pqenc help key add\"."`
}

func (helpCmd) Help() string {
	return `Prints the same as --help.

Examples:

    pqenc help push
    pqenc help key add`
}

func (c *helpCmd) Run(a *app) error {
	helped := false
	k := newParser(a, kong.Exit(func(int) { helped = true }))
	words := slices.DeleteFunc([]string{c.Command, c.Sub}, func(word string) bool { return word == "" })
	node, path := k.Model.Node, "pqenc"
	for _, word := range words {
		i := slices.IndexFunc(node.Children, func(child *kong.Node) bool { return !child.Hidden && child.Name == word })
		if i < 0 {
			return usageError(`there is no command "`+path+" "+word+`"`, meant(path, word, namesBelow(node)))
		}
		node, path = node.Children[i], path+" "+word
	}
	a.stdout.Write(nil) // the parser writes to the underlying file
	_, err := k.Parse(append(words, "--help"))
	if helped { // errors in the rest of the line do not matter
		err = nil
	}
	return a.stdout.explain(err)
}

// namesBelow returns the names of the subcommands of a node.
func namesBelow(node *kong.Node) (names []string) {
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}
