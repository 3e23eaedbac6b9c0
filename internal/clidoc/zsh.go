// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"fmt"
	"strings"
)

// zshFlag returns the specifications of f for zsh's _arguments, quoted: one for
// each spelling, which exclude each other unless the flag repeats.
func zshFlag(f option) string {
	names := []string{f.Long}
	if f.Short != "" {
		names = []string{f.Short, f.Long}
	}
	prefix := ""
	if f.Repeats {
		prefix = "*"
	} else if len(names) > 1 {
		prefix = "(" + strings.Join(names, " ") + ")"
	}
	var specs []string
	for _, name := range names {
		spec := prefix + name
		if f.Takes != nil {
			spec += map[bool]string{true: "=", false: "+"}[name == f.Long]
		}
		spec += "[" + escape(f.Help, `\[]`) + "]"
		if f.Takes != nil {
			spec += ":" + zshValue(*f.Takes)
		}
		specs = append(specs, spec)
	}
	return quoteSh(specs...)
}

// zshArg returns the specification of the argument at index i for _arguments.
func zshArg(i int, arg value) string {
	position := fmt.Sprint(i + 1)
	if arg.Repeats {
		position = "*"
	}
	return quoteSh(position + ":" + zshValue(arg))
}

// zshValue returns the message and the action that complete v.
func zshValue(v value) string {
	action := " "
	switch {
	case v.Files:
		action = "_files"
	case v.Words != nil:
		// The list is evaluated as shell words, and a colon would end it.
		words := make([]string, len(v.Words))
		for i, word := range v.Words {
			words[i] = strings.ReplaceAll(quoteSh(word), ":", `\:`)
		}
		action = "(" + strings.Join(words, " ") + ")"
	}
	return colon(v.Name) + ":" + action
}

// colon escapes s for a list whose parts are separated by colons.
func colon(s string) string { return escape(s, `\:`) }
