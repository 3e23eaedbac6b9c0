// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandsFor returns the commands whose grammar is built for the given arguments.
func commandsFor(args ...string) (names []string) {
	for _, command := range newQuickParser(newApp(), args).Model.Children {
		names = append(names, command.Name)
	}
	return names
}

// TestQuickParser requires that only the grammar of the command that runs is built.
func TestQuickParser(t *testing.T) {
	const byDefault = "encrypt-or-decrypt"
	for _, command := range newParser(newApp()).Model.Children {
		if len(command.Aliases) > 0 {
			t.Errorf("%s has another name, which the quick parser does not know", command.Name)
		}
		if got := commandsFor(command.Name, "-q", "file"); !slices.Equal(got, []string{command.Name}) {
			t.Errorf("pqenc %s -q file: the grammar of %q", command.Name, got)
		}
	}
	for line, want := range map[string][]string{
		"-r alice.pub -o out in": {byDefault},
		"-d":                     {byDefault},
		"":                       {byDefault},
		"-q sign":                {byDefault, "sign"},
		"-r key pull":            {byDefault, "key", "pull"},
		"encrypt decrypt":        {"encrypt", "decrypt"}, // a file of that name
		"-r grammar Encrypt":     {byDefault},
	} {
		if got := commandsFor(strings.Split(line, " ")...); !slices.Equal(got, want) {
			t.Errorf("pqenc %s: the grammar of %q, want %q", line, got, want)
		}
	}
}

// TestParsers requires the same result from the quick and the full parser, for valid and
// invalid command lines.
func TestParsers(t *testing.T) {
	words := []string{"-r", "alice", "version", "-q", "key", "list", "--", "-d", "--help"}
	parser := newParser(newApp(), kong.Exit(func(int) { t.Error("help was asked for") }))
	for _, one := range words {
		for _, two := range words {
			for _, three := range append(words, "") {
				line := []string{one, two, three}
				quick, err := newQuickParser(newApp(), line).Parse(line)
				if err != nil {
					continue // which is for the other one
				}
				whole, err := parser.Parse(line)
				if err != nil {
					t.Errorf("%q: %v", line, err)
				} else if quick.Command() != whole.Command() || !slices.Equal(quick.Args, whole.Args) {
					t.Errorf("%q: %s, want %s", line, quick.Command(), whole.Command())
				}
			}
		}
	}
}
