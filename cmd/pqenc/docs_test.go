// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc/internal/durable"
)

// TestDocuments requires every command and every flag in the man page.
func TestDocuments(t *testing.T) {
	t.Parallel()
	parser := newParser(newApp())
	words := wordsOf(parser.Model.Node)
	if len(words) < 20 {
		t.Fatalf("the grammar has only %v", words)
	}
	code, text, stderr := pqencIn(t, t.TempDir(), "man")
	if code != exitOK || stderr != "" {
		t.Fatalf("pqenc man: exit code %d: %s", code, stderr)
	}
	text = strings.ReplaceAll(text, `\-`, "-") // as roff writes it
	for word := range words {
		if !regexp.MustCompile(`(^|[^a-z])` + word + `($|[^a-z-])`).MatchString(text) {
			t.Errorf("pqenc man does not know %q", word)
		}
	}
	for _, want := range []string{
		"The keyring is a folder", "PQENC_HOME", "HTTPS_PROXY", "known_servers", signatureSuffix,
		durable.RedoSuffix, durable.PartSuffix, durable.JournalSuffix, ".pqenc-tmp", ".pqenc-kept",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("pqenc man does not have %q", want)
		}
	}
}

// TestManPage requires the usual sections of the man page, and no warnings from the
// programs that format it.
func TestManPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, text, _ := pqencIn(t, dir, "man")
	sections := regexp.MustCompile(`(?m)^\.SH "?([A-Z ]+)"?$`).FindAllStringSubmatch(text, -1)
	var titles []string
	for _, section := range sections {
		titles = append(titles, section[1])
	}
	const want = "NAME, SYNOPSIS, DESCRIPTION, OPTIONS, COMMANDS, NAMES OF KEYS, EXIT STATUS, ENVIRONMENT, FILES, EXAMPLES, SEE ALSO"
	if got := strings.Join(titles, ", "); got != want {
		t.Errorf("sections: %s", got)
	}
	writeIn(t, dir, "pqenc.1", []byte(text))
	for _, check := range [][]string{
		{"groff", "-man", "-Tutf8", "-ww", "-z", "pqenc.1"},
		{"man", "--warnings", "-l", "pqenc.1"},
		{"mandoc", "-T", "lint", "-W", "warning", "pqenc.1"},
	} {
		if _, err := exec.LookPath(check[0]); err != nil {
			t.Logf("%s is not installed", check[0])
			continue
		}
		cmd := exec.CommandContext(t.Context(), check[0], check[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANPAGER=cat", "MANWIDTH=80")
		var warnings strings.Builder
		cmd.Stderr = &warnings
		if check[0] == "mandoc" {
			cmd.Stdout = &warnings
		}
		if err := cmd.Run(); err != nil || warnings.Len() > 0 {
			t.Errorf("%s: %v\n%s", check[0], err, &warnings)
		}
	}
}

// TestCompletion completes some command lines. See the tests of clidoc for the shells.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		words []string
		want  string // at the start of a line
	}{
		{[]string{"enc"}, "encrypt\tEncrypt a file"},
		{[]string{"--rec"}, "--recipient\t"},
		{[]string{"push", "--overw"}, "--overwrite\t"},
		{[]string{"serve", "--log", "j"}, "json\t"},
		{[]string{"decrypt", "-i", ""}, ":suffix .key\n:files "},
		{[]string{"help", "enc"}, "encrypt\t"},
		{[]string{"keygen", "-o", "a", ""}, ""},
		{[]string{"completion", "z"}, "zsh\t"},
		{[]string{"encrypt-or"}, ":files "}, // hidden
	} {
		code, text, stderr := pqencIn(t, t.TempDir(), append([]string{"__complete", "fish"}, test.words...)...)
		if code != exitOK || stderr != "" || !strings.HasPrefix(text, test.want) || (text == "") != (test.want == "") {
			t.Errorf("%q: exit code %d, %q %q", test.words, code, text, stderr)
		}
	}
	if code, _, _ := pqencIn(t, t.TempDir(), "__complete"); code == exitOK {
		t.Error("nothing to complete is no error")
	}
}

// TestCompletionOfKeys completes names of keys for every argument that takes one, and
// offers nothing if the keyring is unreadable.
func TestCompletionOfKeys(t *testing.T) {
	const all, own, others, files = "alice\nbob\nme\n", "me\n", "alice\nbob\n", ":files \n"
	const pubs, privates = ":suffix .pub\n" + files, ":suffix .key\n" + files
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	for _, name := range []string{"alice.pub", "bob.pub", "me.key", "me.pub", "default"} {
		writeIn(t, home, name, nil)
	}
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PQENC_HOME", home)
	complete := func(line string) string {
		words := strings.Split(line, " ")
		code, text, stderr := pqencIn(t, dir, append([]string{"__complete", "bash"}, words...)...)
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %s", line, code, stderr)
		}
		return text
	}
	lines := map[string]string{
		"-r ": all + pubs, "-r al": "alice\n" + pubs, "-d -i ": own + privates, "--sign ": own + privates, "-d --from ": all + pubs,
		"rewrap -r ": all + pubs, "verify --from ": all + pubs, "sign -i ": own + privates, "serve -i ": own + privates,
		"push --server ": all + pubs, "pull --as ": own + privates, "ls -i ": own + privates, "rm --server ": all + pubs,
		"fingerprint ": all + pubs, "inspect -i ": own + privates, "key show ": all + pubs, "key rotate ": own + privates,
		"key public ": own + privates, "key passphrase ": own + privates, "key remove ": all, "key rename ": all, "key rename bob ": "",
		"key export ": all, "key default ": own, "key add ": others, "key add bob ": files, "key import ": own, "keygen ": "",
		"secagg client -i ": own + privates, "secagg client --members ": all + pubs, "secagg server --admin ": all + pubs,
	}
	for line, want := range lines {
		if got := complete(line); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	if err := os.Chmod(home, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := complete("-r "); got != pubs {
		t.Errorf("a keyring that everybody can change: %q", got)
	}
}

// wordsOf returns the names of the visible commands below n, and of their flags.
func wordsOf(n *kong.Node) map[string]bool {
	words := make(map[string]bool)
	for _, flag := range n.Flags {
		words[flag.Name] = true
		if flag.Short != 0 {
			words[string(flag.Short)] = true
		}
	}
	for _, child := range n.Children {
		if !child.Hidden {
			words[child.Name] = true
		}
		for word := range wordsOf(child) {
			words[word] = true
		}
	}
	return words
}

// TestHelpOfAll requires help on every command, with examples where it takes
// arguments.
func TestHelpOfAll(t *testing.T) {
	t.Parallel()
	parser := newParser(newApp())
	commands := parser.Model.Children
	for i := 0; i < len(commands); i++ {
		command := commands[i]
		commands = append(commands, command.Children...)
		words := strings.Fields(command.FullPath())[1:]
		code, text, stderr := pqencIn(t, t.TempDir(), append(words, "--help")...)
		if code != exitOK || stderr != "" || !strings.HasPrefix(text, "Usage: pqenc "+strings.Join(words, " ")) {
			t.Errorf("pqenc %s --help: exit code %d, %s%s", words, code, text, stderr)
		}
		if command.Hidden || command.Name == "version" {
			continue
		}
		if !strings.Contains(text, "\nExamples:\n\n    pqenc ") {
			t.Errorf("pqenc %s --help has no examples:\n%s", words, text)
		}
	}
}
