// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// mapPath takes one or more file names unchanged, byte for byte. Kong's own mapper for
// type:"path" makes them absolute, which reads badly in messages, and its PopValueInto
// changes names that are not valid UTF-8.
func mapPath(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().IsEOL() {
		return errors.New("needs the name of a file")
	}
	token, err := ctx.Scan.PopValue("file")
	if err != nil {
		return err
	}
	name := token.String()
	if name == "" { // from an unset variable in a script: reading standard input would surprise
		return errors.New("the name of the file is empty")
	}
	if isAgeSecret(name) {
		return errAgeSecret
	}
	if target.Kind() == reflect.Slice {
		target.Set(reflect.Append(target, reflect.ValueOf(name)))
	} else {
		target.SetString(name)
	}
	return nil
}

// names are several arguments: file names or URLs.
type names []string

// mapNames takes file names unchanged, up to the first flag or the first argument of the
// other kind.
func mapNames(ctx *kong.DecodeContext, target reflect.Value) error {
	all := takeNames(ctx, func(all names, name string) bool {
		last := name == "" && ctx.Scan.Len() == 1 // meant to be the URL
		return len(all) == 0 || isURL(name) == isURL(all[0]) && !last
	})
	if slices.Contains(all, "") {
		return errors.New("the name of the file is empty")
	}
	target.Set(reflect.ValueOf(all))
	return nil
}

// mapFiles takes file names unchanged, up to the first flag.
func mapFiles(ctx *kong.DecodeContext, target reflect.Value) error {
	all := takeNames(ctx, func(names, string) bool { return true })
	switch {
	case slices.Contains(all, ""): // from an unset variable in a script: reading standard input would surprise
		return errors.New("the name of the file is empty")
	case slices.ContainsFunc(all, isAgeSecret):
		return errAgeSecret
	}
	target.Set(reflect.ValueOf(all))
	return nil
}

// mapURLs is like mapFiles for URLs. Invalid ones are reported when they are parsed.
func mapURLs(ctx *kong.DecodeContext, target reflect.Value) error {
	target.Set(reflect.ValueOf(takeNames(ctx, func(names, string) bool { return true })))
	return nil
}

// takeNames takes arguments up to the first flag or the first argument that does not fit
// those before it.
func takeNames(ctx *kong.DecodeContext, goes func(all names, name string) bool) (all names) {
	for {
		token := ctx.Scan.Peek()
		name, ok := token.Value.(string)
		if !ok || !token.IsValue() && name != "-" || !goes(all, name) {
			return all
		}
		all = append(all, name)
		ctx.Scan.Pop()
	}
}

// mapURL takes a URL. An empty argument is an error later: it is neither a URL nor a file
// name.
func mapURL(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("URL")
	if err == nil {
		target.SetString(token.String())
	}
	return err
}

// mapName takes the name of a key unchanged.
func mapName(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("name")
	if err == nil {
		target.SetString(token.String())
	}
	return err
}

func isURL(name string) bool { return strings.Contains(name, "://") }

// mapText takes a text unchanged. Kong's own mapper could map two texts that are not
// valid UTF-8 to the same text.
func mapText(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().IsEOL() {
		return errors.New("needs a text")
	}
	token, err := ctx.Scan.PopValue("text")
	if err != nil {
		return err
	}
	text := token.String()
	target.Set(reflect.ValueOf(&text))
	return nil
}

// misplaced matches kong's error for "pqenc -r PUB version".
const misplaced = `^flag (--\S+) applies to the default command .*, not "(.+)"$`

// unplain maps kong's errors about values, which use the terms of Go, to messages for
// users. The patterns are compiled only after an error.
var unplain = []struct{ kong, plain string }{
	{`expected \w+ value but got "EOL" \(<EOL>\)$`, "needs a value"},
	{`expected \w+ value but got (".*") \(\w+ flag\); perhaps try (--\S+)="(.*)"\?$`, "needs a value, and $1 looks like a flag: if it is the value, write $2=$3"},
	{`expected a valid 16 bit uint but got (".*")$`, "$1 is not a whole number from 0 to 65535"},
	{`expected a valid \d+ bit u?int but got (".*")$`, "$1 is not a whole number"},
	{`expected duration but got (".*"): time: .*$`, "$1 is not a time like 20s or 5m"},
}

// plainParse returns the message for an error of the parser.
func plainParse(err error) string {
	text := err.Error()
	for _, u := range unplain {
		text = regexp.MustCompile(u.kong).ReplaceAllString(text, u.plain)
	}
	return text
}

// unknown matches kong's error for an unknown flag or argument. Its own suggestions are
// not always close.
var unknown = `^(unknown flag|unexpected argument) (.*?)(, did you mean .*)?$`

// parseError adds hints from the grammar to an error about the command line with the
// given arguments.
func parseError(err error, args []string) error {
	var writing *fs.PathError
	if errors.Is(err, errReaderGone) || errors.As(err, &writing) {
		return err // of --help
	}
	if m := regexp.MustCompile(misplaced).FindStringSubmatch(err.Error()); m != nil {
		return usageError(m[1]+" does not go with the command "+m[2], "if "+m[2]+" is a file, write ./"+m[2])
	}
	if strings.HasPrefix(err.Error(), "--passphrase: ") {
		// Kong quotes the value, which may be a passphrase.
		return usageError("--passphrase has no value", "pqenc asks for the passphrase, or give it with --passphrase-file or --passphrase-fd")
	}
	if errors.Is(err, errAgeSecret) {
		return errAgeSecret
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		if urlFirst(parse.Context) {
			return errURLFirst()
		}
		return mistake(parse, args)
	}
	return usageError(plainParse(err))
}

// mistake explains an argument that the parser does not accept after the given command.
func mistake(err *kong.ParseError, args []string) error {
	node := err.Context.Selected()
	if node == nil {
		node = err.Context.Model.DefaultCmd
	}
	if node.Hidden && noFile(args[0]) {
		return noCommand(args[0])
	}
	text := plainParse(err)
	if m := regexp.MustCompile(unknown).FindStringSubmatch(text); m != nil {
		text = m[1] + " " + m[2] + didYouMean(node, m[2])
	}
	decrypts := slices.ContainsFunc(err.Context.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == "decrypt" })
	for _, flag := range []string{"--range", "--digests", "--from", "--identity"} { // flags that only decrypting has
		decrypts = decrypts || strings.HasPrefix(text, flag+":")
	}
	return usageError(text, seeHelp(node, decrypts))
}

// noFile reports whether an argument is a word and not the name of an existing file.
func noFile(word string) bool {
	if word == "" || strings.HasPrefix(word, "-") || strings.ContainsAny(word, "./\\") {
		return false
	}
	_, err := os.Lstat(word)
	return err != nil
}

// didYouMean returns the end of the message for an unknown flag or word: a suggestion, or
// nothing.
func didYouMean(node *kong.Node, word string) string {
	name, words := word, namesBelow(node)
	flag := strings.HasPrefix(word, "--")
	if flag {
		name, words = word[2:], nil
		for n := node; n != nil; n = n.Parent {
			for _, f := range n.Flags {
				words = append(words, f.Name)
			}
		}
	}
	switch found := near(name, words); {
	case found == "":
		return ""
	case flag:
		return ", did you mean --" + found + "?"
	default:
		return ", did you mean " + found + "?"
	}
}

// seeHelp returns a hint to the help of a command. For the default command that is the
// help of encrypt or decrypt.
func seeHelp(node *kong.Node, decrypts bool) string {
	path := "pqenc"
	switch {
	case node == nil:
	case node.Hidden && decrypts:
		path = "pqenc decrypt"
	case node.Hidden:
		path = "pqenc encrypt"
	default:
		path = node.FullPath()
	}
	return `see "` + path + ` --help"`
}

// urlFirst reports whether the first file of a push is a URL.
func urlFirst(ctx *kong.Context) bool {
	i := slices.IndexFunc(ctx.Path, func(p *kong.Path) bool { return p.Positional != nil })
	return i >= 0 && ctx.Selected().Name == "push" && isURL(ctx.Value(ctx.Path[i]).Interface().(names)[0])
}

// errURLFirst is for a push with the URL before the files.
func errURLFirst() error {
	return usageError("the URL comes last", "name the files first, and then the URL to push them to")
}
