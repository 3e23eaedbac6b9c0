// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc/internal/clidoc"
)

type versionCmd struct{}

func (versionCmd) Run(a *app) error {
	_, err := fmt.Fprintf(a.stdout, "pqenc %s, format 1 (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is that of the module, which the Go toolchain takes from the tag.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) Help() string {
	return `Examples:

    pqenc completion bash > ~/.local/share/bash-completion/completions/pqenc
    pqenc completion zsh > "${fpath[1]}/_pqenc"
    pqenc completion fish > ~/.config/fish/completions/pqenc.fish`
}

func (c *completionCmd) Run(a *app, k *kong.Kong) error {
	return clidoc.Completion(a.stdout, k.Model, c.Shell)
}

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

// withCommandHint tells somebody whose input does not exist that its name may
// have been meant as a command.
func withCommandHint(err error, name string) error {
	var path *fs.PathError
	if errors.As(err, &path) && path.Path == name && errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "./\\") {
		return withHints(err, `if "`+name+`" was meant as a command, see "pqenc --help"`)
	}
	return err
}
