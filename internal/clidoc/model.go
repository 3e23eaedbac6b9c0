// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.
package clidoc

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// unnamed returns the command that runs when none of n's is named, or nil.
func unnamed(n *kong.Node) *kong.Node {
	if d := n.DefaultCmd; d != nil && d.Tag.Default == "withargs" {
		return d
	}
	return nil
}

// visible returns the flags that are not hidden. Unlike kong's AllFlags it does
// not mark them as active in the model.
func visible(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden })
}

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// negation returns the name of f's opposite, or "". The model writes "_" for
// kong's default, no-NAME.
func negation(f *kong.Flag) string {
	if f.Tag.Negatable == "_" {
		return "no-" + f.Name
	}
	return f.Tag.Negatable
}

// spellings returns all spellings of f on a command line.
func spellings(f *kong.Flag) []string {
	all := []string{"--" + f.Name}
	if f.Short != 0 {
		all = append(all, "-"+string(f.Short))
	}
	for _, alias := range f.Aliases {
		if utf8.RuneCountInString(alias) == 1 {
			all = append(all, "-"+alias)
		} else {
			all = append(all, "--"+alias)
		}
	}
	if no := negation(f); no != "" {
		all = append(all, "--"+no)
	}
	return all
}

// isPath reports whether kong reads v as the name of a file or directory.
func isPath(v *kong.Value) bool {
	switch v.Tag.Type {
	case "path", "existingfile", "existingdir", "filecontent":
		return true
	}
	switch v.Target.Type() {
	case reflect.TypeFor[*os.File](), reflect.TypeFor[kong.FileContentFlag](), reflect.TypeFor[kong.NamedFileContentFlag]():
		return true
	}
	return false
}

// short returns the first sentence of a help text on one line, without its
// period.
func short(help string) string {
	words := strings.Fields(help)
	for i, word := range words[:max(len(words)-1, 0)] {
		next := []rune(words[i+1])
		if strings.HasSuffix(word, ".") && unicode.IsUpper(next[0]) {
			words = words[:i+1]
			break
		}
	}
	return strings.TrimSuffix(strings.Join(words, " "), ".")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
