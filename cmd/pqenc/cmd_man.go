// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc/internal/clidoc"
)

type manCmd struct{}

func (manCmd) Help() string {
	return `Examples:

    pqenc man > ~/.local/share/man/man1/pqenc.1`
}

func (manCmd) Run(a *app) error {
	return writeMan(a.stdout, newParser(a))
}

func writeMan(w io.Writer, k *kong.Kong) error {
	exit := clidoc.Section{Title: "EXIT STATUS"}
	for _, s := range exitStatus {
		exit.Items = append(exit.Items, clidoc.Item{Term: strconv.Itoa(s.code), Text: s.text})
	}
	return clidoc.Man(w, k.Model, clidoc.Page{
		Source:   "pqenc " + version(),
		Manual:   "User Commands",
		Sections: []clidoc.Section{manKeys, exit, manEnvironment, manFiles},
	})
}

// What the man page says beside the grammar and the exit codes.
var (
	manKeys = clidoc.Section{Title: "NAMES OF KEYS", Body: `A name has 1 to 64 of the characters a to z, 0 to 9, dot, dash and underscore. It does
not begin with a dot, a dash or "age1", and does not end in ".pub" or ".key".

Where a key can be named:`, Items: []clidoc.Item{
		{Term: "./alice, keys/alice, alice.pub, me.key", Text: "What has a slash in it, or ends in .pub or .key, is the path of a file."},
		{Term: "SHA256:...", Text: "This is the fingerprint of a key in the keyring, in any of its generations."},
		{Term: "age1pq1...", Text: "This is a post-quantum key of age. Files can be encrypted to it."},
		{Term: "alice", Text: `This is a name in the keyring. If the keyring has no such name, it is a file. If there are both, the command
is refused: write ./alice for the file.`},
	}}

	manEnvironment = clidoc.Section{Title: "ENVIRONMENT", Items: []clidoc.Item{
		{Term: "PQENC_HOME", Text: `The folder of the keyring and of known_servers. Without it, that is pqenc in your settings:
in $XDG_CONFIG_HOME or ~/.config on Linux and BSD, in ~/Library/Application Support on macOS, and in %AppData% on
Windows.`},
		{Term: "HTTP_PROXY, HTTPS_PROXY", Text: "The proxies for ws:// and http://, and for wss:// and https://. What is pushed and pulled goes through them by CONNECT."},
		{Term: "NO_PROXY", Text: "The hosts that are reached without a proxy, separated by commas."},
		{Term: "GODEBUG", Text: "fips140=on uses the FIPS 140-3 module of Go. fips140=only is refused with the reason."},
	}}

	manFiles = clidoc.Section{Title: "FILES", Items: []clidoc.Item{
		{Term: "$PQENC_HOME/NAME.key", Text: "Your identity NAME: the private keys of all generations."},
		{Term: "$PQENC_HOME/NAME.pub", Text: "Its public keys. Without NAME.key beside it, this is somebody else's key."},
		{Term: "$PQENC_HOME/default", Text: "The name of your default identity."},
		{Term: "$PQENC_HOME/known_servers", Text: "The servers that you have accepted and their fingerprints, one a line."},
		{Term: "$PQENC_HOME/.lock", Text: "An empty file, which is locked while the keyring is changed."},
		{Term: "FILE.pqe", Text: "An encrypted file. push adds .pqe to the names of the files that it encrypts."},
		{Term: "FILE.pqs", Text: `The signature of FILE, made by "pqenc sign".`},
		{Term: ".FILE.pqenc-redo", Text: `The log of "pqenc rewrap --in-place". It completes a header of FILE that was torn: do not
remove it. "pqenc rewrap --repair FILE" completes the header and removes the log.`},
		{Term: ".FILE.pqenc-part, .FILE.pqenc-state", Text: "What has been pulled of FILE, and how far. Give the same command again, and it resumes."},
		{Term: ".FILE.*.pqenc-tmp", Text: "A new file before it gets its name. Leftovers of killed runs are removed by the next one."},
		{Term: "FILE.*.pqenc-kept", Text: "A finished file that could not take the place of FILE."},
	}}
)
