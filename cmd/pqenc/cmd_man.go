// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc/internal/clidoc"
)

type manCmd struct{}

func (manCmd) Help() string {
	return `Examples:

    pqenc man > ~/.local/share/man/man1/pqenc.1`
}

func (manCmd) Run(a *app, k *kong.Kong) error {
	return writeMan(a.stdout, k)
}

func writeMan(w io.Writer, k *kong.Kong) error {
	exit := clidoc.Section{Title: "EXIT STATUS"}
	for _, s := range exitStatus {
		exit.Items = append(exit.Items, clidoc.Item{Term: strconv.Itoa(s.code), Text: s.text})
	}
	return clidoc.Man(w, k.Model, clidoc.Page{
		Source:   "pqenc " + version(),
		Manual:   "User Commands",
		Sections: []clidoc.Section{exit},
	})
}
