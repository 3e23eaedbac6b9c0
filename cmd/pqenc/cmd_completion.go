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

// knownWords returns the words that complete a flag or an argument of the given kind, and
// the suffix of file names that also complete it.
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

// keyWords returns the key names that complete a flag or an argument: "own" for keys with
// a private key, "others" for those without, and "keys" for all. It only reads file
// names, and treats an unreadable keyring as empty.
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
