// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "github.com/pqenc/pqenc/internal/clidoc"

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
