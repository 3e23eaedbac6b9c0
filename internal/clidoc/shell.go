// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.
package clidoc

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// CompleteCommand is the command of the program that the scripts run to complete a line.
// Its arguments are the name of the shell, and the words up to the one to complete.
const CompleteCommand = "__complete"

// Lines for a script that are not words.
const (
	// filesMark is the last line if a file name is possible. The part of the word before
	// the file name comes after it.
	filesMark = ":files "
	// suffixMark is followed by what the names of such files end in.
	suffixMark = ":suffix "
	// nospaceMark means that the words are not complete yet.
	nospaceMark = ":nospace"
)

// shell has what differs between shells.
type shell struct {
	script string
	split  func(words []string) (joined []string, drop string)
	format func(Word) string
}

var shells = map[string]shell{
	"bash": {bashScript, joinBash, func(w Word) string { return quoteBash(w.Text) }},
	"fish": {fishScript, keepWords, func(w Word) string { return w.Text + "\t" + w.Help }},
	"zsh":  {zshScript, keepWords, func(w Word) string { return colon(w.Text) + ":" + w.Help }},
}

// Script writes the completion script of the program of that name, for bash, fish
// or zsh. It runs the program each time: see [Complete]. The script for zsh can be
// sourced after compinit or be installed in fpath as _NAME. Any other shell is an
// [ErrShell].
func Script(w io.Writer, program, shell string) error {
	s, ok := shells[shell]
	if !ok {
		return unknown(shell)
	}
	script := strings.NewReplacer("PROGRAM", program, "FUNC", identifier(program)).Replace(s.script)
	_, err := io.WriteString(w, script)
	return err
}

// Complete answers a script: args are what follows [CompleteCommand]. It writes a
// line for each possible last word. The error is [ErrShell] for a shell other than those of
// [Script]. Words that are not in the grammar come from known, which can be nil.
func Complete(w io.Writer, app *kong.Application, known Words, args []string) error {
	if err := checkBranches(app.Node); err != nil {
		return err
	}
	if len(args) < 2 {
		return unknown(strings.Join(args, ""))
	}
	s, ok := shells[args[0]]
	if !ok {
		return unknown(args[0])
	}
	words, drop := s.split(args[1:])
	c := complete(app, known, words)
	out := bufio.NewWriter(w)
	for _, word := range c.words {
		word.Text = c.prefix + word.Text
		fmt.Fprintln(out, strings.TrimPrefix(s.format(word), drop))
	}
	if !c.files && len(c.words) > 0 && !slices.ContainsFunc(c.words, func(w Word) bool { return !strings.HasSuffix(w.Text, "/") }) {
		fmt.Fprintln(out, nospaceMark)
	}
	if c.files && c.suffix != "" {
		fmt.Fprintln(out, suffixMark+c.suffix)
	}
	if c.files {
		fmt.Fprintln(out, filesMark+c.prefix)
	}
	return out.Flush()
}

func unknown(shell string) error {
	return fmt.Errorf("%w %q: want bash, fish or zsh", ErrShell, shell)
}

// keepWords leaves words as they are.
func keepWords(words []string) ([]string, string) { return words, "" }

// joinBash joins words that readline has split at = and :. Readline replaces only the
// last part, and keeps drop, the start of the word. A file that the
// line is redirected to or from becomes an argument.
func joinBash(parts []string) (words []string, drop string) {
	separates := func(part string) bool { return part != "" && strings.ContainsRune("=:", rune(part[0])) }
	for i, part := range parts {
		if i > 0 && (separates(part) || separates(parts[i-1])) {
			words[len(words)-1] += part
		} else {
			words = append(words, part)
		}
	}
	last := parts[len(parts)-1]
	if separates(last) {
		last = ""
	}
	drop = strings.TrimSuffix(words[len(words)-1], last)
	return withoutRedirections(words), drop
}

// withoutRedirections removes the files of redirections, which are not arguments. If the
// last word is one, it is put after --, where a file is expected.
func withoutRedirections(words []string) (out []string) {
	for i := 0; i < len(words); i++ {
		if i == len(words)-1 || !strings.HasSuffix(words[i], "<") && !strings.HasSuffix(words[i], ">") {
			out = append(out, words[i])
			continue
		}
		if i++; i == len(words)-1 {
			return []string{"--", words[i]}
		}
	}
	return out
}

// identifier replaces what the name of a shell function cannot have by underscores.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '_'
	}, name)
}

// quoteBash puts a backslash before each character that is special in bash.
func quoteBash(word string) string { return escape(word, " \t\"'`$&|;<>()[]{}*?!#~\\") }

// colon escapes s for a list whose parts are separated by colons.
func colon(s string) string { return escape(s, `\:`) }

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

const bashScript = `# bash completion for PROGRAM: source this file, or install it as PROGRAM in
# ~/.local/share/bash-completion/completions.
_FUNC() {
    local line files= suffix= cur=${COMP_WORDS[COMP_CWORD]}
    local -a found
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        :files*) files=1 ;;
        :suffix*) suffix=${line#:suffix } ;;
        :nospace) compopt -o nospace 2>/dev/null ;;
        *) COMPREPLY+=("$line") ;;
        esac
    done < <(command PROGRAM __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    # Where a file may stand and nothing else fits, readline completes it.
    if [[ ! $files ]]; then
        compopt +o default 2>/dev/null
        return 0
    fi
    if [[ $suffix ]]; then
        while IFS= read -r line; do
            [[ -d $line ]] || found+=("$line")
        done < <(compgen -f -X "!*$suffix" -- "$cur")
    fi
    if ((${#found[@]})); then
        while IFS= read -r line; do
            [[ $line ]] && found+=("$line")
        done < <(compgen -d -- "$cur")
    elif ((${#COMPREPLY[@]})); then
        while IFS= read -r line; do
            [[ $line ]] && found+=("$line")
        done < <(compgen -f -- "$cur")
    fi
    ((${#COMPREPLY[@]} + ${#found[@]})) && compopt -o filenames 2>/dev/null
    COMPREPLY+=("${found[@]}")
    return 0
}
complete -o bashdefault -o default -F _FUNC PROGRAM
`

const fishScript = `# fish completion for PROGRAM: source this file, or install it as PROGRAM.fish in
# ~/.config/fish/completions.
function __FUNC_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l suffix
    for line in (command PROGRAM __complete fish $words[2..] 2>/dev/null)
        switch $line
            case ':files *'
                set -l prefix (string replace -- ':files ' '' $line)
                set -l files (__fish_complete_path (string replace -- "$prefix" '' (commandline -ct)))
                if set -q suffix[1]; and string match -qr -- "$suffix(\t|\$)" $files
                    set files (string match -er -- "($suffix|/)(\t|\$)" $files)
                end
                for file in $files
                    echo -- $prefix$file
                end
            case ':suffix *'
                set suffix (string escape --style=regex -- (string replace -- ':suffix ' '' $line))
            case ':nospace'
            case '*'
                echo -- $line
        end
    end
end
complete -c PROGRAM -f -a '(__FUNC_complete)'
`

const zshScript = `#compdef PROGRAM
# zsh completion for PROGRAM: install this file as _PROGRAM in a directory of
# fpath, or source it after compinit.
_FUNC() {
    local line prefix files suffix
    local -a found space
    local -i ret=1
    for line in "${(@f)$(command PROGRAM __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        case $line in
        :files*) files=1 prefix=${line#:files } ;;
        :suffix*) suffix=${line#:suffix } ;;
        :nospace) space=(-S '') ;;
        ?*) found+=("$line") ;;
        esac
    done
    (($#found)) && _describe PROGRAM found "${space[@]}" && ret=0
    if [[ $files ]]; then
        [[ $prefix ]] && compset -P '*='
        _files ${suffix:+-g "*$suffix"} && ret=0
    fi
    return ret
}

# Autoloaded from fpath, this file is itself the function's first call.
if [[ $funcstack[1] == _FUNC ]]; then
    _FUNC "$@"
else
    compdef _FUNC PROGRAM
fi
`
