// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c versionCmd) Run(a *app) error {
	b := readBuild()
	if c.JSON {
		return printJSON(a.stdout, b)
	}
	return b.print(a.stdout)
}

// build describes how this program was built, in its JSON form.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`     // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"` // since the commit
	Format   int    `json:"format"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// readBuild returns the build information that the Go toolchain recorded. The version
// comes from a tag of the module; the commit is known if it was built in a repository.
func readBuild() build {
	b := build{Version: "(devel)", Format: 1, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, b.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// print writes the version as one line.
func (b *build) print(w io.Writer) error {
	commit := ""
	if b.Commit != "" {
		commit = ", commit " + b.Commit[:min(12, len(b.Commit))]
	}
	if b.Modified {
		commit += " and later changes"
	}
	_, err := fmt.Fprintf(w, "pqenc %s%s, format %d (%s, %s/%s)\n", b.Version, commit, b.Format, b.Go, b.OS, b.Arch)
	return err
}

func version() string { return readBuild().Version }
