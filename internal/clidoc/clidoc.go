// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.
// Package clidoc completes command lines and writes a man page from a kong grammar, so
// that both always match --help.
//
// Hidden flags and commands are left out, with one exception: a hidden command
// tagged default:"withargs" runs when no command is named, so its flags and arguments
// are documented and completed as those of the program.
package clidoc

import (
	"errors"
	"fmt"

	"github.com/alecthomas/kong"
)

var (
	// ErrShell is returned for a shell that is none of [Shells].
	ErrShell = errors.New("unknown shell")

	// ErrBranch is returned for a grammar with a positional argument that has
	// subcommands of its own.
	ErrBranch = errors.New("branching argument is not supported")
)

// checkBranches returns [ErrBranch] if n or a command below it has such an argument.
func checkBranches(n *kong.Node) error {
	for _, child := range n.Children {
		if child.Type != kong.CommandNode {
			return fmt.Errorf("%w: %s", ErrBranch, child.Name)
		}
		if err := checkBranches(child); err != nil {
			return err
		}
	}
	return nil
}
