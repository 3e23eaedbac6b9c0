// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command pqenc encrypts files of any size for post-quantum keys. See
// "pqenc --help", and README.md for a first session.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() { os.Exit(run(os.Args[1:])) }

// grammar is the command line: --help, the shell completions and the man page
// all come from it.
type grammar struct {
	Main        mainCmd        `cmd:"" hidden:"" default:"withargs" help:"Encrypt, or decrypt with -d."`
	Encrypt     encryptCmd     `cmd:"" help:"Encrypt a file or a stream (the default command)."`
	Decrypt     decryptCmd     `cmd:"" help:"Decrypt a file or a stream (the same as -d)."`
	Keygen      keygenCmd      `cmd:"" help:"Make a new key pair."`
	Inspect     inspectCmd     `cmd:"" help:"Say what an encrypted file is, with or without a key."`
	Fingerprint fingerprintCmd `cmd:"" help:"Print the fingerprint of a key file."`
	Demo        demoCmd        `cmd:"" help:"Show it all on keys and a file made for that."`
	Completion  completionCmd  `cmd:"" help:"Print the completion script for a shell."`
	Man         manCmd         `cmd:"" help:"Print the man page."`
	Version     versionCmd     `cmd:"" help:"Print the version."`

	Progress string `enum:"auto,always,never" default:"auto" placeholder:"WHEN" help:"Show progress: auto (on a terminal), always or never."`
	Quiet    bool   `short:"q" help:"No progress and no warnings."`
}

const description = `Encrypts files for post-quantum keys (X25519 with ML-KEM-768, AES-256-GCM).

  pqenc keygen -o alice                        make alice.key and alice.pub
  pqenc -r alice.pub model.bin > model.pqe     encrypt
  pqenc -d -i alice.key model.pqe > model.bin  decrypt
  tar c run7 | pqenc -r alice.pub > run7.pqe   pipes, everywhere`

func newParser(a *app, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(new(grammar), append([]kong.Option{
		kong.Name("pqenc"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.Writers(a.stdout, a.stderr),
		kong.Bind(a),
		kong.NamedMapper("path", kong.MapperFunc(mapPath)),
	}, options...)...)
}

// mapPath takes the name of a file, or one of several, as it was typed. Kong's
// own mapper for type:"path" makes it absolute, which reads badly in messages.
func mapPath(ctx *kong.DecodeContext, target reflect.Value) error {
	var name string
	if err := ctx.Scan.PopValueInto("file", &name); err != nil {
		return err
	}
	if target.Kind() == reflect.Slice {
		target.Set(reflect.Append(target, reflect.ValueOf(name)))
	} else {
		target.SetString(name)
	}
	return nil
}

// run is the whole program but for exiting: it returns the exit code.
func run(args []string) int {
	a := newApp()
	parser, err := newParser(a)
	if err != nil {
		panic(err) // the grammar itself is wrong
	}
	if len(args) == 0 {
		return a.report(usageError("nothing to do: name a recipient with -r, or decrypt with -d"))
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return a.report(parseError(err))
	}
	a.grammar = ctx.Model.Target.Addr().Interface().(*grammar)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan error, 1)
	go func() { done <- ctx.Run() }()
	select {
	case err := <-done:
		return a.report(err)
	case sig := <-signals:
		// A command may be blocked in a read that nothing ends but the end of
		// the process, so it is not waited for.
		a.interrupt()
		return interrupted(sig)
	}
}

// parseError adds what the parser knows to a mistake on the command line.
func parseError(err error) error {
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		if cmd := parse.Context.Selected(); cmd != nil && !cmd.Hidden {
			return usageError(err.Error(), fmt.Sprintf("see \"%s --help\"", cmd.FullPath()))
		}
	}
	return usageError(err.Error())
}

// interrupted is the exit code that a shell gives to a process ended by sig.
func interrupted(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitIO
}
