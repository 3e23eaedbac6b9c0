// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"regexp"
	"strings"
)

// The scripts tell flags, their values and arguments apart with the regular
// expressions below, which mean the same to bash and zsh (POSIX) and to fish
// (PCRE).

// nothing matches no flag.
const nothing = "^$"

// Pending matches the words after which the next one is a flag's value:
// --output, -o, and -ao if -a is a switch.
func (c *command) Pending() string {
	var words, last []string
	for _, f := range c.Flags {
		if f.Takes != nil {
			long, short := f.spellings()
			words, last = append(words, long...), append(last, short...)
		}
	}
	if len(last) > 0 {
		words = append(words, "-"+switches(c.Flags)+anyOf(last))
	}
	if len(words) == 0 {
		return nothing
	}
	return "^" + anyOf(words) + "$"
}

// Unnamed matches the words after which no subcommand can be named any more:
// the flags that only the default command has, and "--".
func (c *command) Unnamed() string {
	if c.Default == nil {
		return nothing
	}
	var long, first []string
	for _, f := range c.Default.Flags[len(c.Shared):] {
		l, s := f.spellings()
		long, first = append(long, l...), append(first, s...)
	}
	words := []string{"--"}
	if len(long) > 0 {
		words = append(words, anyOf(long)+"(=.*)?")
	}
	if len(first) > 0 {
		words = append(words, "-"+switches(c.Shared)+anyOf(first)+".*")
	}
	return "^" + anyOf(words) + "$"
}

// spellings returns the long forms of f with their dashes and the short ones
// without, quoted for a regular expression.
func (f option) spellings() (long, short []string) {
	for _, word := range f.Words() {
		if name := strings.TrimPrefix(word, "-"); strings.HasPrefix(name, "-") {
			long = append(long, regexp.QuoteMeta(word))
		} else {
			short = append(short, regexp.QuoteMeta(name))
		}
	}
	return long, short
}

// Words returns every spelling of f, with its dashes.
func (f option) Words() []string {
	words := []string{f.Long}
	if f.Short != "" {
		words = append(words, f.Short)
	}
	return append(words, f.Aliases...)
}

// switches matches any number of one-letter flags that take no value.
func switches(flags []option) string {
	var letters []string
	for _, f := range flags {
		if f.Takes == nil {
			_, short := f.spellings()
			letters = append(letters, short...)
		}
	}
	if len(letters) == 0 {
		return ""
	}
	return anyOf(letters) + "*"
}

func anyOf(words []string) string { return "(" + strings.Join(words, "|") + ")" }
