// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Page has the parts of a man page that are not in the grammar.
type Page struct {
	Date        string    // of the last change, as 2026-01-31
	Source      string    // what the page belongs to, as "pqenc 1.2.0"
	Manual      string    // the title of the manual, as "User Commands"
	Description string    // what the program does, as a Go doc comment; empty: the help text
	Sections    []Section // after the commands, in this order
}

// Section is one section of a man page: text, then a list of terms, either of
// which may be empty.
type Section struct {
	Title string // as EXIT STATUS, FILES, EXAMPLES, SEE ALSO
	Body  string // formatted as a Go doc comment
	Items []Item
}

// Item is a term, such as an exit status or a file, and what it means.
type Item struct {
	Term string
	Text string // formatted as a Go doc comment
}

// Man writes the man page of app, section 1, with the macros of man(7). It reads
// help texts as --help does, as Go doc comments, so that their indented lines
// come out as they are. The same arguments give the same bytes.
func Man(w io.Writer, app *kong.Application, page Page) error {
	if err := checkBranches(app.Node); err != nil {
		return err
	}
	var p roff
	p.title(strings.ToUpper(app.Name), page.Date, page.Source, page.Manual)
	p.section("NAME")
	p.text(escapeRoff(app.Name) + ` \- ` + escapeRoff(short(app.Help)))
	p.section("SYNOPSIS")
	p.synopsis(app)
	p.description(app, page.Description)
	p.section("OPTIONS")
	p.options(app)
	if len(leaves(app.Node)) > 0 {
		p.section("COMMANDS")
	}
	p.commands(app.Node)
	for _, s := range page.Sections {
		p.section(s.Title)
		p.prose(s.Body)
		for _, item := range s.Items {
			p.item(bold(item.Term), item.Text)
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// description writes what NAME has no room for: the text, or else the help text.
func (p *roff) description(app *kong.Application, text string) {
	if help := oneLine(app.Help); text == "" {
		text = app.Detail
		if help != short(help) && help != short(help)+"." {
			text = app.Help + "\n\n" + text
		}
	}
	if strings.TrimSpace(text) != "" {
		p.section("DESCRIPTION")
		p.prose(text)
	}
}

// synopsis writes one usage line for running app without a command, with every
// flag, and one for each command, with the flags it requires.
func (p *roff) synopsis(app *kong.Application) {
	p.raw(".PD 0")
	if d := unnamed(app.Node); d != nil {
		p.usage(app.Name, usageOf(slices.Concat(visible(app.Flags), visible(d.Flags)), d.Positional))
	} else if len(app.Children) == 0 {
		p.usage(app.Name, usageOf(visible(app.Flags), app.Positional))
	}
	for _, n := range leaves(app.Node) {
		optional := func(f *kong.Flag) bool { return !f.Required }
		flags := commandFlags(n)
		usage := usageOf(slices.DeleteFunc(slices.Clone(flags), optional), nil)
		if slices.ContainsFunc(flags, optional) {
			usage = append(usage, "[flags]")
		}
		p.usage(words(n), append(usage, usageOf(nil, n.Positional)...))
	}
	p.raw(".PD")
}

// options describes the flags that need no command.
func (p *roff) options(app *kong.Application) {
	if d := unnamed(app.Node); d != nil {
		p.subsection("Without a command")
		p.command(d)
		p.subsection("With and without a command")
	}
	p.values(app.Positional, visible(app.Flags))
}

// commands describes the commands below n, each before its subcommands.
func (p *roff) commands(n *kong.Node) {
	for _, child := range n.Children {
		switch {
		case child.Hidden:
		case child.Leaf():
			p.subsection(child.FullPath())
			p.usage(words(child), usageOf(commandFlags(child), child.Positional))
			p.command(child)
		default:
			p.subsection(child.FullPath())
			p.prose(child.Help)
			p.prose(child.Detail)
			p.commands(child)
		}
	}
}

// command describes n and what only n accepts.
func (p *roff) command(n *kong.Node) {
	p.prose(n.Help)
	p.prose(n.Detail)
	p.values(n.Positional, commandFlags(n))
}

// values describes arguments and flags in the words of --help.
func (p *roff) values(args []*kong.Positional, flags []*kong.Flag) {
	for _, arg := range args {
		p.item(italic(arg.Name), kong.DefaultHelpValueFormatter(arg))
	}
	for _, f := range flags {
		p.item(flagTerm(f), kong.DefaultHelpValueFormatter(f.Value))
	}
}

// leaves returns the visible commands below n that have no subcommands. Unlike
// kong's Leaves it leaves out the visible children of hidden commands.
func leaves(n *kong.Node) (out []*kong.Node) {
	for _, child := range n.Children {
		switch {
		case child.Hidden:
		case child.Leaf():
			out = append(out, child)
		default:
			out = append(out, leaves(child)...)
		}
	}
	return out
}

// words returns the words that run n, without flags and arguments.
func words(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return words(n.Parent) + " " + n.Name
}

// commandFlags returns the visible flags of n and of the commands it belongs
// to, without those of the program.
func commandFlags(n *kong.Node) []*kong.Flag {
	if n == nil || n.Type == kong.ApplicationNode {
		return nil
	}
	return append(commandFlags(n.Parent), visible(n.Flags)...)
}

// longName returns the long spelling of f, with that of its opposite.
func longName(f *kong.Flag) string {
	switch no := negation(f); no {
	case "":
		return "--" + f.Name
	case "no-" + f.Name:
		return "--[no-]" + f.Name
	default:
		return "--" + f.Name + "|--" + no
	}
}

// flagTerm returns the spellings of f and the name of its value.
func flagTerm(f *kong.Flag) string {
	term := bold(longName(f))
	if f.Short != 0 {
		term = bold("-"+string(f.Short)) + ", " + term
	}
	if takesValue(f) {
		term += "=" + italic(f.FormatPlaceHolder())
	}
	return term
}

// usageOf returns the words of a usage line, with brackets around optional words, and
// dots after those that can be repeated.
func usageOf(flags []*kong.Flag, args []*kong.Positional) (words []string) {
	for _, f := range flags {
		word := bold(longName(f))
		if f.Short != 0 {
			word = bold("-" + string(f.Short))
		}
		if takesValue(f) {
			word += `\ ` + italic(strings.TrimSuffix(f.FormatPlaceHolder(), ",..."))
		}
		words = append(words, usageWord(word, f.Value))
	}
	for _, arg := range args {
		words = append(words, usageWord(italic(arg.Name), arg))
	}
	return words
}

func usageWord(word string, v *kong.Value) string {
	if !v.Required {
		word = "[" + word + "]"
	}
	if v.IsCumulative() || v.IsCounter() {
		word += `...\&` // not the end of a sentence
	}
	return word
}
