// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/transfer"
)

type lsCmd struct {
	Login  loginFlags      `embed:""`
	Secret passphraseFlags `embed:""`

	Long  bool   `short:"l" help:"Also print the size and the time of each object."`
	Quota bool   `help:"Print your quotas on the server, and how much of each is used."`
	JSON  bool   `name:"json" help:"Print JSON."`
	URL   string `arg:"" type:"url" name:"URL" help:"The server, ws://HOST[:PORT]/, followed by a prefix of names or a pattern."`
}

func (lsCmd) Help() string {
	return `Lists the objects that you have the right to list. On a terminal it prints columns, sizes
with units, and a total. Otherwise it prints one object per line, and sizes in bytes.

` + patternHelp + `

Examples:

    pqenc ls -i alice.key ws://host/
    pqenc ls -i alice.key -l ws://host/alice/run7/
    pqenc ls -i alice.key 'ws://host/alice/**/*.bin.pqe'
    pqenc ls -i alice.key --quota ws://host/
    pqenc ls -i alice.key --json ws://host/ | jq -r '.[].name'`
}

// entry is an object of a listing in its JSON form.
type entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	Time string `json:"time"` // RFC 3339
}

func (c *lsCmd) Run(a *app) error {
	at, err := parseObjects([]string{c.URL})
	if err != nil {
		return err
	}
	servers, err := c.Login.login(a, &c.Secret)
	if err != nil {
		return err
	}
	defer servers.Close()
	server, err := servers.at(at[0])
	if err != nil {
		return err
	}
	a.stdout.used.Store(true) // also for an empty list
	switch {
	case c.Quota:
		return c.quota(server)
	case c.JSON, terminal.Is(a.stdout.file), at[0].isPattern():
		found, err := c.list(server, at[0])
		if err != nil {
			return err
		}
		return c.print(a, found)
	}
	w := bufio.NewWriter(a.stdout)
	for o, err := range server.objects(at[0].name) {
		if err != nil {
			w.Flush()
			return err
		}
		c.line(w, o)
	}
	return w.Flush()
}

// list returns the objects that match the pattern, or else those with the prefix.
func (c *lsCmd) list(server *remote, at location) ([]transfer.Object, error) {
	if at.isPattern() {
		return server.find(at, at.matches)
	}
	return server.list(at.name, nil)
}

// print prints a whole listing.
func (c *lsCmd) print(a *app, found []transfer.Object) error {
	if c.JSON {
		entries := make([]entry, len(found))
		for i, o := range found {
			entries[i] = entry{o.Name, o.Size, o.Time.UTC().Format(time.RFC3339)}
		}
		return printJSON(a.stdout, entries)
	}
	w := bufio.NewWriter(a.stdout)
	screen := terminal.Is(a.stdout.file)
	switch {
	case screen && c.Long:
		longLines(w, found)
	case screen:
		var names []string
		for _, o := range found {
			names = append(names, terminal.Printable(o.Name))
		}
		columns(w, names, terminal.Columns(a.stdout.file))
	default:
		for _, o := range found {
			c.line(w, o)
		}
	}
	if screen {
		var size int64
		for _, o := range found {
			size += o.Size
		}
		fmt.Fprintln(w, countText(int64(len(found)), size, ""))
	}
	return w.Flush()
}

// line prints one object for programs.
func (c *lsCmd) line(w io.Writer, o transfer.Object) {
	if c.Long {
		fmt.Fprintf(w, "%15d  %s  ", o.Size, timeText(o.Time))
	}
	fmt.Fprintln(w, terminal.Printable(o.Name))
}

// longLines prints one line per object for people.
func longLines(w io.Writer, found []transfer.Object) {
	for _, o := range found {
		fmt.Fprintf(w, "%10s  %s  %s\n", sizeText(o.Size), timeText(o.Time), terminal.Printable(o.Name))
	}
}

// columns prints names in as many columns of equal width as fit, top to bottom like ls.
func columns(w io.Writer, names []string, room int) {
	widest := 1
	for _, name := range names {
		widest = max(widest, runewidth.StringWidth(name))
	}
	wide := widest + 2
	across := max((room+2)/wide, 1)
	down := (len(names) + across - 1) / across
	for row := range down {
		for i := row; i < len(names); i += down {
			pad := ""
			if i+down < len(names) {
				pad = strings.Repeat(" ", wide-runewidth.StringWidth(names[i]))
			}
			fmt.Fprint(w, names[i], pad)
		}
		fmt.Fprintln(w)
	}
}
