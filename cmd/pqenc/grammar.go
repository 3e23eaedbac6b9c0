// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// grammar is the command line. The help texts, the shell completions and the man page are
// generated from it.
type grammar struct {
	// The name is one that no file has: kong would take an input of that name for the
	// command.
	Main        mainCmd        `cmd:"" name:"encrypt-or-decrypt" hidden:"" default:"withargs" help:"Encrypt, or decrypt with -d."`
	Encrypt     encryptCmd     `cmd:"" help:"Encrypt a file or a stream (the default command)."`
	Decrypt     decryptCmd     `cmd:"" help:"Decrypt a file or a stream (the same as -d)."`
	Cat         catCmd         `cmd:"" help:"Decrypt several files to standard output, or serve parts of files to a program."`
	Rewrap      rewrapCmd      `cmd:"" help:"Change the recipients of encrypted files."`
	Keygen      keygenCmd      `cmd:"" help:"Make a new key pair, for the keyring or as files."`
	Verify      verifyCmd      `cmd:"" help:"Verify a file and its signature without writing it."`
	Sign        signCmd        `cmd:"" help:"Sign files of any kind with detached signatures."`
	Inspect     inspectCmd     `cmd:"" help:"Show the properties of an encrypted file, a key or a signature."`
	Fingerprint fingerprintCmd `cmd:"" help:"Print the fingerprints of keys."`
	Key         keyCmd         `cmd:"" help:"Manage keys: the keyring, rotation, passphrases."`
	Push        pushCmd        `cmd:"" help:"Send files to a server, encrypting them on the way."`
	Pull        pullCmd        `cmd:"" help:"Get files from a server, decrypting them on the way."`
	Ls          lsCmd          `cmd:"" help:"List the files on a server."`
	Rm          rmCmd          `cmd:"" help:"Delete files on a server."`
	Mv          mvCmd          `cmd:"" help:"Rename files on a server."`
	Serve       serveCmd       `cmd:"" help:"Run a server that stores encrypted files for push and pull."`
	Secagg      secaggCmd      `cmd:"" help:"Secure aggregation: the mean of many updates, and no single one."`
	Demo        demoCmd        `cmd:"" help:"Try encryption and decryption on a test file, with speeds."`
	Help        helpCmd        `cmd:"" help:"Print the help of a command."`
	Completion  completionCmd  `cmd:"" help:"Print the completion script for a shell."`
	Man         manCmd         `cmd:"" help:"Print the man page."`
	Version     versionCmd     `cmd:"" help:"Print the version."`

	Progress string `enum:"auto,always,never" default:"auto" placeholder:"WHEN" help:"Show progress: auto (on a terminal), always or never."`
	Quiet    bool   `short:"q" help:"Show no progress and no warnings."`
}

const description = `Encrypts files for post-quantum keys (X25519 with ML-KEM-768, AES-256-GCM).`

const examples = `Examples:

    pqenc keygen                               make your default identity
    pqenc key add alice alice.pub              give a public key a name
    pqenc -r alice model.bin > model.pqe       encrypt to it
    pqenc -d model.pqe > model.bin             decrypt with your own key
    pqenc -d -i lab.key model.pqe > model.bin  decrypt with a key in a file
    tar c run7 | pqenc -r alice > run7.pqe     pipes, everywhere

Without a command it encrypts, or with -d decrypts: "pqenc help encrypt" and
"pqenc help decrypt" show the flags.`

// newParser returns the parser of the whole command line.
func newParser(a *app, options ...kong.Option) *kong.Kong {
	k, err := kong.New(new(grammar), append([]kong.Option{
		kong.Name("pqenc"),
		kong.Description(description),
		kong.PostBuild(func(k *kong.Kong) error { k.Model.Detail = examples; return nil }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.Writers(a.stdout.file, a.stderr),
		kong.Bind(a),
		kong.NamedMapper("range", kong.MapperFunc(mapRange)),
		kong.NamedMapper("path", kong.MapperFunc(mapPath)),
		kong.NamedMapper("text", kong.MapperFunc(mapText)),
		kong.NamedMapper("name", kong.MapperFunc(mapName)),
		kong.NamedMapper("names", kong.MapperFunc(mapNames)),
		kong.NamedMapper("url", kong.MapperFunc(mapURL)),
		kong.NamedMapper("files", kong.MapperFunc(mapFiles)),
		kong.NamedMapper("urls", kong.MapperFunc(mapURLs)),
	}, options...)...)
	if err != nil {
		panic(err) // a mistake in the grammar itself
	}
	return k
}

// newQuickParser returns a parser for only those commands that the arguments could mean.
// It accepts the same command lines as [newParser], with the same result. Errors and help
// are left to the full parser.
func newQuickParser(a *app, args []string) *kong.Kong {
	return newParser(a, kong.IgnoreFields(`^grammar\.(`+strings.Join(unnamed(args), "|")+`)$`),
		kong.Help(func(kong.HelpOptions, *kong.Context) error { return errHelped }))
}

// errHelped is returned after printing help.
var errHelped = errors.New("help was asked for")

// parse parses the command line. It returns [errHelped] if it printed help.
//
// Building the whole grammar takes several milliseconds, more than encrypting a small
// file. It is done only for errors and help.
func parse(a *app, args []string) (*kong.Context, error) {
	if ctx, err := newQuickParser(a, args).Parse(args); err == nil {
		return ctx, nil
	}
	helped := false
	ctx, err := newParser(a, kong.Exit(func(int) { helped = true })).Parse(args)
	if helped {
		err = errHelped
	}
	return ctx, err
}

// commandNames returns the names of the commands, without a parser.
func commandNames() (names []string) {
	for field := range reflect.TypeFor[grammar]().Fields() {
		if _, command := field.Tag.Lookup("cmd"); command && field.Tag.Get("name") == "" {
			names = append(names, strings.ToLower(field.Name))
		}
	}
	return names
}

// unnamed returns the fields of the commands that the arguments cannot mean. A command is
// selected only by its own name. If the first argument is such a name, it always selects
// that command. Otherwise the default command may run.
func unnamed(args []string) (fields []string) {
	named := false
	for field := range reflect.TypeFor[grammar]().Fields() {
		name := cmp.Or(field.Tag.Get("name"), strings.ToLower(field.Name))
		named = named || name == args[0]
		if _, command := field.Tag.Lookup("cmd"); command && !slices.Contains(args, name) {
			fields = append(fields, field.Name)
		}
	}
	if !named {
		fields = slices.DeleteFunc(fields, func(field string) bool { return field == "Main" })
	}
	return fields
}
