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

// manDate is the date of the last change to the texts of the man page below.
const manDate = "2026-11-28"

const manDescription = `pqenc encrypts files of any size so that a future quantum computer cannot decrypt data that
is recorded today. X25519 and ML-KEM-768 protect the key of each file, AES-256-GCM its
contents. Files are encrypted to public keys, or with a passphrase. The sender can sign a
file, with Ed25519 and ML-DSA-65; --from accepts only files from named senders.

Without a command name pqenc encrypts, or with -d decrypts. It reads the named file or
standard input, and writes to standard output or to the file named by -o. That file is
replaced atomically: if anything fails, it stays unchanged.

Encryption hides the contents of a file. It does not hide the size, the name or the number
of recipients, and without a signature it does not prove who made the file.

Results go to standard output. Everything else goes to standard error, in lines that start
with "pqenc: ". After a failure there is a line "pqenc: error: ", hints on what to do, and
an exit status other than 0.

"pqenc help COMMAND" prints the flags of a command.`

var (
	manKeys = clidoc.Section{Title: "NAMES OF KEYS", Body: `A name has 1 to 64 characters: a to z, 0 to 9, dot, dash and underscore. It does not start
with a dot, a dash or "age1", and does not end in ".pub" or ".key".

An argument that names a key can be:`, Items: []clidoc.Item{
		{Term: "./alice, keys/alice, alice.pub, me.key", Text: "The path of a file: it has a slash in it, or ends in .pub or .key."},
		{Term: "SHA256:...", Text: "The fingerprint of a key in the keyring, of any generation."},
		{Term: "age1pq1...", Text: "A post-quantum age key. Files can be encrypted to it."},
		{Term: "alice", Text: `A name in the keyring or, if the keyring does not have it, a file. If both exist, the command
fails: write ./alice for the file.`},
	}}

	manEnvironment = clidoc.Section{Title: "ENVIRONMENT", Items: []clidoc.Item{
		{Term: "PQENC_HOME", Text: `The folder of the keyring and of known_servers. Default: pqenc in your configuration folder,
which is $XDG_CONFIG_HOME or ~/.config on Linux and BSD, ~/Library/Application Support on macOS, and %AppData% on
Windows.`},
		{Term: "XDG_CONFIG_HOME, HOME, AppData", Text: "They determine your configuration folder, if PQENC_HOME is not set."},
		{Term: "HTTP_PROXY, HTTPS_PROXY", Text: "The proxies for ws:// and http://, and for wss:// and https://. push and pull use CONNECT."},
		{Term: "NO_PROXY", Text: "Hosts to connect to without a proxy, separated by commas."},
		{Term: "SSL_CERT_FILE", Text: "A file with CA certificates (PEM) for https:// and wss://, instead of those of the system (on Linux and BSD). For wss://, --ca adds certificates."},
		{Term: "GODEBUG", Text: "fips140=on uses the Go FIPS 140-3 module. fips140=only is not supported."},
	}}

	manFiles = clidoc.Section{Title: "FILES", Items: []clidoc.Item{
		{Term: "$PQENC_HOME/NAME.key", Text: "Your identity NAME: the private keys of all generations."},
		{Term: "$PQENC_HOME/NAME.pub", Text: "Its public keys. If there is no NAME.key, this is somebody else's key."},
		{Term: "$PQENC_HOME/default", Text: "The name of your default identity."},
		{Term: "$PQENC_HOME/known_servers", Text: "The servers that you have accepted and their fingerprints, one per line."},
		{Term: "$PQENC_HOME/.lock", Text: "A lock file for changes to the keyring."},
		{Term: "FILE.pqe", Text: "An encrypted file. push adds .pqe to the names of the files that it encrypts."},
		{Term: "FILE.pqs", Text: `The signature of FILE, made by "pqenc sign".`},
		{Term: ".FILE.pqenc-redo", Text: `The log of an interrupted "pqenc rewrap --in-place", which is needed to repair the header of
FILE. Do not remove it: "pqenc rewrap --repair FILE" repairs the header and removes the log.`},
		{Term: ".FILE.pqenc-part, .FILE.pqenc-state", Text: "The part of FILE that has been pulled, and its state. To resume, run the same command again."},
		{Term: ".FILE.*.pqenc-tmp", Text: "An output before it gets its name. The next run removes those of killed processes."},
		{Term: "FILE.*.pqenc-kept", Text: "A complete output that could not be renamed to FILE."},
		{Term: "FILE.digests", Text: `The list of digests of FILE, made by "pqenc verify --write-digests".`},
	}}

	manExamples = clidoc.Section{Title: "EXAMPLES", Body: `Make a key pair, and give the public key to those who send files to you:

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

Sign a file, and accept only files that a named sender signed:

    pqenc -r lab.pub --sign alice.key -o update.pqe update.bin
    pqenc -d -i lab.key --from alice.pub -o update.bin update.pqe

Read a part of a large file:

    pqenc -d -i lab.key --range 1GiB:64KiB model.pqe > part.bin

Send files to a server, and get them:

    pqenc push -i alice.key -r lab.pub model.bin ws://host:8765/alice/
    pqenc pull -i lab.key -o model.bin ws://host:8765/alice/model.bin.pqe

Find out in a script why a file does not decrypt:

    pqenc -d -i lab.key -o out in.pqe
    case $? in
    0) ;;
    3) echo "not for this key" ;;
    4) echo "damaged or truncated" ;;
    *) echo "something else" ;;
    esac`}

	manSeeAlso = clidoc.Section{Title: "SEE ALSO", Body: `age(1), gpg(1), rclone(1), rsync(1), ssh(1)`}
)
