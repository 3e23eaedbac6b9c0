// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.
package clidoc

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Word is a word that completes a line, with a help text that some shells show.
type Word struct{ Text, Help string }

// Words returns the possible values of a flag or an argument that are not in the grammar:
// of is its tag complete:"...", or else type:"...", and word the part of it that was typed.
// Files are completed as well if the type is a path, and only those whose names end in
// suffix if there are any. It returns no error, since a completion cannot report one.
type Words func(of, word string) (words []Word, suffix string)

// completions are the possible last words of a line: one of the words, or the name of a
// file after the prefix.
type completions struct {
	words  []Word
	files  bool
	prefix string
	suffix string // of the names of the files
}

// line is the parsed line up to the last word.
type line struct {
	known   Words
	node    *kong.Node
	args    int        // how many arguments there are
	ended   bool       // by --: flags are arguments
	pending *kong.Flag // its value comes next
}

// complete completes the last of the words, which follow the program's name.
func complete(app *kong.Application, known Words, words []string) *completions {
	l := &line{known: known, node: app.Node}
	last := len(words) - 1
	for _, word := range words[:last] {
		l.read(word)
	}
	return l.complete(words[last])
}

// read parses the next word.
func (l *line) read(word string) {
	switch {
	case l.pending != nil:
		l.pending = nil
	case !l.ended && word == "--":
		l.ended = true
		l.runDefault()
	case !l.ended && len(word) > 1 && word[0] == '-':
		l.readFlags(word)
	default:
		l.readArgument(word)
	}
}

// readFlags parses a word with a long flag or with short flags.
func (l *line) readFlags(word string) {
	if strings.HasPrefix(word, "--") {
		name, _, valued := strings.Cut(word, "=")
		if f := l.find(name); f != nil && takesValue(f) && !valued {
			l.pending = f
		}
		return
	}
	letters := []rune(word[1:])
	for i, letter := range letters {
		f := l.find("-" + string(letter))
		if f == nil {
			return
		}
		if takesValue(f) {
			if i == len(letters)-1 {
				l.pending = f
			}
			return // what follows is its value
		}
	}
}

// readArgument parses the name of a command, or an argument.
func (l *line) readArgument(word string) {
	if l.args == 0 && !l.ended {
		for _, child := range l.node.Children {
			if !child.Hidden && (child.Name == word || slices.Contains(child.Aliases, word)) {
				l.node = child
				return
			}
		}
	}
	l.runDefault()
	l.args++
}

// find returns the flag of that spelling. A flag that only the default command has
// selects that command.
func (l *line) find(spelling string) *kong.Flag {
	is := func(f *kong.Flag) bool { return slices.Contains(spellings(f), spelling) }
	own := flagsFor(l.node)
	if i := slices.IndexFunc(own, is); i >= 0 {
		return own[i]
	}
	if d := unnamed(l.node); d != nil {
		if i := slices.IndexFunc(d.Flags, is); i >= 0 {
			l.node = d
			return d.Flags[i]
		}
	}
	return nil
}

// runDefault selects the command that runs when none is named.
func (l *line) runDefault() {
	if d := unnamed(l.node); d != nil {
		l.node = d
	}
}

// flagsFor returns the flags of n and of its parents.
func flagsFor(n *kong.Node) []*kong.Flag {
	if n == nil {
		return nil
	}
	return append(flagsFor(n.Parent), visible(n.Flags)...)
}

// complete completes the word that follows.
func (l *line) complete(word string) *completions {
	c := new(completions)
	name, value, valued := strings.Cut(word, "=")
	switch {
	case l.pending != nil:
		l.addValue(c, l.pending.Value, word, isPath(l.pending.Value))
	case !l.ended && valued && strings.HasPrefix(word, "--"):
		word = value
		if f := l.find(name); f != nil && takesValue(f) {
			l.addValue(c, f.Value, word, isPath(f.Value))
		}
		c.prefix = name + "="
	case !l.ended && strings.HasPrefix(word, "-"):
		l.addFlags(c)
	default:
		l.addArguments(c, word)
	}
	if strings.Contains(word, "://") { // which is no file
		c.files = false
	}
	c.words = slices.DeleteFunc(c.words, func(w Word) bool { return !strings.HasPrefix(w.Text, word) })
	return c
}

// addFlags adds the flags that may follow.
func (l *line) addFlags(c *completions) {
	flags := flagsFor(l.node)
	if d := unnamed(l.node); d != nil {
		flags = append(flags, visible(d.Flags)...)
	}
	for _, f := range flags {
		help, no := short(f.Help), "--"+negation(f)
		for _, word := range spellings(f) {
			if word == no {
				help = "opposite of --" + f.Name
			}
			c.words = append(c.words, Word{word, help})
		}
	}
}

// addArguments adds the commands that may follow, or what the next argument can be.
func (l *line) addArguments(c *completions, word string) {
	if l.args == 0 && !l.ended {
		for _, child := range l.node.Children {
			if !child.Hidden {
				c.words = append(c.words, Word{child.Name, short(child.Help)})
			}
		}
	}
	l.runDefault()
	repeated := false // an argument before takes any number of words
	for i, arg := range l.node.Positional {
		if i == l.args || i < l.args && (repeated || repeats(arg)) {
			l.addValue(c, arg, word, !slices.Contains([]string{"name", "url", "urls"}, arg.Tag.Type)) // which are not files
		}
		repeated = repeated || repeats(arg)
	}
}

// repeats reports whether v takes any number of words. What kong calls cumulative is only
// that of the types that it knows.
func repeats(v *kong.Value) bool {
	return v.IsCumulative() || v.Target.Kind() == reflect.Slice
}

// addValue adds the known values of v.
func (l *line) addValue(c *completions, v *kong.Value, word string, file bool) {
	c.files = c.files || file && v.Enum == ""
	if of := cmp.Or(v.Tag.Get("complete"), v.Tag.Type); of != "" && l.known != nil {
		words, suffix := l.known(of, word)
		c.words, c.suffix = append(c.words, words...), cmp.Or(suffix, c.suffix)
	}
	if v.Enum != "" {
		for _, word := range v.EnumSlice() {
			if word != "" {
				c.words = append(c.words, Word{word, ""})
			}
		}
	}
}
