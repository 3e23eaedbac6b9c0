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
		Date:        manDate,
		Source:      "pqenc " + version(),
		Manual:      "User Commands",
		Description: manDescription,
		Sections:    []clidoc.Section{manKeys, exit, manEnvironment, manFiles, manExamples, manSeeAlso},
	})
}

// What the man page says beside the grammar and the exit codes.
// manDate is that of the last change to the texts of the man page.
const manDate = "2026-11-28"

const manDescription = `pqenc encrypts files of any size so that a quantum computer of the future cannot read what
is recorded today: X25519 and ML-KEM-768 protect the key of each file, AES-256-GCM its
contents. Files are encrypted to public keys, or with a passphrase. A file can be signed
by its sender, with Ed25519 and ML-DSA-65; --from accepts only files of named senders.

Without the name of a command pqenc encrypts, or with -d decrypts. It reads the file that
is named, or standard input, and writes to standard output or to the file that -o names.
That file appears as a whole at the end: if anything fails, it stays what it was.

Encryption hides the contents of a file. It does not hide its size, its name and the
number of its recipients, and without a signature it does not show who made it.

Results go to standard output. Everything else goes to standard error, in lines that begin
with "pqenc: ". A failure is a line "pqenc: error: " followed by hints, and an exit status
other than 0.

"pqenc help COMMAND" prints the flags of a command.`

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
		{Term: "XDG_CONFIG_HOME, HOME, AppData", Text: "These say where your settings are, if PQENC_HOME is not set."},
		{Term: "HTTP_PROXY, HTTPS_PROXY", Text: "The proxies for ws:// and http://, and for wss:// and https://. What is pushed and pulled goes through them by CONNECT."},
		{Term: "NO_PROXY", Text: "The hosts that are reached without a proxy, separated by commas."},
		{Term: "SSL_CERT_FILE", Text: "A file of certificates (PEM) of authorities, instead of those of the system, for https:// and wss:// (on Linux and BSD). For wss:// --ca adds some."},
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
		{Term: "FILE.digests", Text: `The list of digests of FILE, made by "pqenc verify --write-digests".`},
	}}

	manExamples = clidoc.Section{Title: "EXAMPLES", Body: `Make a key pair, and give the public key to those who send to you:

    pqenc keygen -o lab
    pqenc fingerprint lab.pub

Encrypt to it, and decrypt:

    pqenc -r lab.pub -o model.pqe model.bin
    pqenc -d -i lab.key -o model.bin model.pqe

The same with names in the keyring, where the default identity decrypts:

    pqenc keygen
    pqenc key add alice alice.pub
    pqenc -r alice model.bin > model.pqe
    pqenc -d model.pqe > model.bin

Pipes, also to another machine:

    tar c run7 | pqenc -r alice | ssh host 'cat > run7.pqe'

Sign, and accept only what a sender has signed:

    pqenc -r lab.pub --sign alice.key -o update.pqe update.bin
    pqenc -d -i lab.key --from alice.pub -o update.bin update.pqe

Read a part of a large file:

    pqenc -d -i lab.key --range 1GiB:64KiB model.pqe > part.bin

Send files to a server, and get them:

    pqenc push -i alice.key -r lab.pub model.bin ws://host:8765/alice/
    pqenc pull -i lab.key -o model.bin ws://host:8765/alice/model.bin.pqe

Decide in a script why a file does not decrypt:

    pqenc -d -i lab.key -o out in.pqe
    case $? in
    0) ;;
    3) echo "not for this key" ;;
    4) echo "damaged or truncated" ;;
    *) echo "something else" ;;
    esac`}

	manSeeAlso = clidoc.Section{Title: "SEE ALSO", Body: `age(1), gpg(1), rclone(1), rsync(1), ssh(1)`}
)
