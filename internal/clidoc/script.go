// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package clidoc

import (
	"embed"
	"strings"
	"sync"
	"text/template"
	"unicode"
)

//go:embed complete.bash complete.fish complete.zsh
var sources embed.FS

// scripts holds the three completion scripts as templates over a [script]. Each
// walks the words before the cursor to the command they name, then offers what
// that command accepts. They are parsed when one is wanted: most runs of a
// command want none.
var scripts = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"sh":        func(word string) string { return quoteSh(word) },
		"shwords":   func(words []string) string { return quoteSh(words...) },
		"fish":      func(word string) string { return quoteFish(word) },
		"fishwords": func(words []string) string { return quoteFish(words...) },
		"zshflag":   zshFlag,
		"zsharg":    zshArg,
		"colon":     colon,
	}).ParseFS(sources, "complete.*"))
})

// script is what the templates see.
type script struct {
	Name     string // the program
	Func     string // its name, or what of it may stand in a function's
	Commands []*command
}

// identifier returns name with what a shell function's name may not hold
// replaced by underscores.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, name)
}

// short returns the first sentence of a help text on one line, without its
// period.
func short(help string) string {
	words := strings.Fields(help)
	for i, word := range words[:max(len(words)-1, 0)] {
		next := []rune(words[i+1])
		if strings.HasSuffix(word, ".") && unicode.IsUpper(next[0]) {
			words = words[:i+1]
			break
		}
	}
	return strings.TrimSuffix(strings.Join(words, " "), ".")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// quoteSh quotes words for bash and zsh, and joins them with spaces.
func quoteSh(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if !plain(word) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// quoteFish quotes words for fish, and joins them with spaces.
func quoteFish(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if !plain(word) {
			quoted[i] = "'" + escape(word, `\'`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// plain reports whether word needs no quotes in any of the shells.
func plain(word string) bool {
	return word != "" && strings.Trim(word, "-_./0123456789"+
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// escape puts a backslash before each character of s that is one of special.
func escape(s, special string) string {
	var out strings.Builder
	for _, r := range s {
		if strings.ContainsRune(special, r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
