// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package clidoc writes shell completions and a man page from a kong grammar,
// so that they say what --help says and cannot drift from it.
//
// Hidden flags and commands are left out, with one exception: a hidden command
// tagged default:"withargs" is what runs when no command is named, so its flags
// and arguments are documented and completed as the program's own.
package clidoc

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

var (
	// ErrShell is returned by [Completion] for a shell it has no script for.
	ErrShell = errors.New("unknown shell")

	// ErrBranch is returned for a grammar with a positional argument that has
	// subcommands of its own.
	ErrBranch = errors.New("branching argument is not supported")
)

// Completion writes the completion script of app for the shell: bash, fish or
// zsh. The bash script needs nothing but bash; the zsh script can be sourced
// after compinit or installed in fpath as _NAME; the fish script needs fish 3.
// Any other shell is an [ErrShell].
func Completion(w io.Writer, app *kong.Application, shell string) error {
	known := []string{"bash", "fish", "zsh"}
	if !slices.Contains(known, shell) {
		return fmt.Errorf("%w %q: want one of %s", ErrShell, shell, strings.Join(known, ", "))
	}
	commands, err := commandsOf(app)
	if err != nil {
		return err
	}
	return scripts().ExecuteTemplate(w, "complete."+shell, script{
		Name:     app.Name,
		Func:     identifier(app.Name),
		Commands: commands,
	})
}
