// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// command is what a shell has to know about one command to complete its line.
type command struct {
	Path    string   // words after the program's name; empty for the program itself
	Names   []string // the last word of Path, and its aliases
	Help    string
	Shared  []option // flags that may stand before a subcommand's name
	Flags   []option // Shared and, where a Default runs, its flags too
	Args    []value
	Subs    []*command
	Default *command // runs when no subcommand is named; nil if none does
}

// option is one flag, or the --no- form of one.
type option struct {
	Long    string // with its dashes
	Short   string // with its dash; empty if none
	Aliases []string
	Help    string
	Takes   *value // nil for a switch
	Repeats bool
}

// value is what may stand for a flag's value or a positional argument.
type value struct {
	Name    string
	Words   []string // the only values allowed; nil if not so limited
	Files   bool     // names a file
	Repeats bool
}

// commandsOf returns the program and its commands, parents first.
func commandsOf(app *kong.Application) ([]*command, error) {
	root, err := newCommand(app.Node, "", nil)
	if err != nil {
		return nil, err
	}
	return root.tree(), nil
}

func newCommand(n *kong.Node, path string, inherited []option) (*command, error) {
	flags := slices.Concat(inherited, flagsOf(n))
	c := &command{
		Path:   path,
		Names:  append([]string{n.Name}, n.Aliases...),
		Help:   short(n.Help),
		Shared: flags,
		Flags:  flags,
	}
	for _, arg := range n.Positional {
		c.Args = append(c.Args, newValue(arg, arg.Name))
	}
	for _, child := range n.Children {
		if child.Type != kong.CommandNode {
			return nil, fmt.Errorf("%w: %s", ErrBranch, child.Name)
		}
		if child.Hidden && child != unnamed(n) {
			continue
		}
		sub, err := newCommand(child, strings.TrimSpace(path+" "+child.Name), flags)
		if err != nil {
			return nil, err
		}
		if !child.Hidden {
			c.Subs = append(c.Subs, sub)
		}
		if child == unnamed(n) {
			c.Default, c.Flags, c.Args = sub, sub.Flags, sub.Args
		}
	}
	return c, nil
}

// Name returns the word that runs c.
func (c *command) Name() string { return c.Names[0] }

// DefaultPath returns the path of the command that runs when no subcommand is
// named: c's own if there is no such default.
func (c *command) DefaultPath() string {
	if c.Default == nil {
		return c.Path
	}
	return c.Default.Path
}

// tree returns c and the commands below it.
func (c *command) tree() []*command {
	all := []*command{c}
	if c.Default != nil && !slices.Contains(c.Subs, c.Default) {
		all = append(all, c.Default.tree()...)
	}
	for _, sub := range c.Subs {
		all = append(all, sub.tree()...)
	}
	return all
}

// unnamed returns the command that runs, with its flags and arguments, when
// none of n's is named; nil if there is none.
func unnamed(n *kong.Node) *kong.Node {
	if d := n.DefaultCmd; d != nil && d.Tag.Default == "withargs" {
		return d
	}
	return nil
}

// flagsOf returns the flags n itself defines.
func flagsOf(n *kong.Node) (flags []option) {
	for _, f := range visible(n.Flags) {
		out := option{
			Long:    "--" + f.Name,
			Help:    short(f.Help),
			Repeats: f.IsCumulative() || f.IsCounter(),
		}
		if f.Short != 0 {
			out.Short = "-" + string(f.Short)
		}
		for _, alias := range f.Aliases {
			out.Aliases = append(out.Aliases, dashed(alias))
		}
		if takesValue(f) {
			v := newValue(f.Value, cmp.Or(f.PlaceHolder, f.Name))
			out.Takes = &v
		}
		flags = append(flags, out)
		if no := negation(f); no != "" {
			flags = append(flags, option{Long: "--" + no, Help: "opposite of " + out.Long})
		}
	}
	return flags
}

// visible returns the flags that are not hidden. Unlike kong's AllFlags it does
// not mark them as active in the model.
func visible(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden })
}

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// negation returns the name of f's opposite, or "". The model writes "_" for
// kong's default, no-NAME.
func negation(f *kong.Flag) string {
	if f.Tag.Negatable == "_" {
		return "no-" + f.Name
	}
	return f.Tag.Negatable
}

func dashed(name string) string {
	if utf8.RuneCountInString(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func newValue(v *kong.Value, name string) value {
	out := value{Name: name, Repeats: v.IsCumulative()}
	if v.Enum != "" {
		out.Words = slices.DeleteFunc(v.EnumSlice(), func(s string) bool { return s == "" })
	} else {
		out.Files = v.Flag == nil || isPath(v)
	}
	return out
}

// isPath reports whether kong reads v as the name of a file or directory.
func isPath(v *kong.Value) bool {
	switch v.Tag.Type {
	case "path", "existingfile", "existingdir", "filecontent":
		return true
	}
	switch v.Target.Type() {
	case reflect.TypeFor[*os.File](), reflect.TypeFor[kong.FileContentFlag](), reflect.TypeFor[kong.NamedFileContentFlag]():
		return true
	}
	return false
}
