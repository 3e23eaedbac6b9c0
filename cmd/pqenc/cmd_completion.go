// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"slices"

	"github.com/pqenc/pqenc/internal/clidoc"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) Help() string {
	return `Examples:

    pqenc completion bash > ~/.local/share/bash-completion/completions/pqenc
    pqenc completion zsh > "${fpath[1]}/_pqenc"
    pqenc completion fish > ~/.config/fish/completions/pqenc.fish`
}

func (c *completionCmd) Run(a *app) error {
	return clidoc.Script(a.stdout, "pqenc", c.Shell)
}

// knownWords returns what completes a flag or an argument of that kind, and what the names
// of files end in that do as well.
func knownWords(of, word string) (words []clidoc.Word, suffix string) {
	switch of {
	case "keys", "others":
		return keyWords(of), ".pub"
	case "own":
		return keyWords(of), ".key"
	case "commands":
		for _, name := range commandNames() {
			words = append(words, clidoc.Word{Text: name})
		}
	case "url", "urls":
		return urlWords(word), ""
	}
	return words, ""
}

// keyWords returns the names of the keys that complete a flag or an argument: "own" are
// those with a private key, "others" those without, and "keys" all. It reads only the
// names of files, and a keyring that cannot be read has none.
func keyWords(of string) (words []clidoc.Word) {
	r, err := ring()
	if err != nil {
		return nil
	}
	own, others, err := r.Names()
	if err != nil {
		return nil
	}
	if of != "others" {
		for _, name := range own {
			words = append(words, clidoc.Word{Text: name, Help: "a key of yours"})
		}
	}
	if of != "own" {
		for _, name := range others {
			words = append(words, clidoc.Word{Text: name, Help: "somebody else's key"})
		}
	}
	slices.SortFunc(words, func(a, b clidoc.Word) int { return cmp.Compare(a.Text, b.Text) })
	return words
}
