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
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	// The buffers of a copy are most of the heap, and stay. By default as much
	// again of small garbage would be let pile up beside them on a long way.
	debug.SetGCPercent(5)
	os.Exit(run(os.Args[1:]))
}

// grammar is the command line: --help, the shell completions and the man page
// all come from it.
type grammar struct {
	// Its name is one that no file has: kong takes an input of that name for the command.
	Main        mainCmd        `cmd:"" name:"encrypt-or-decrypt" hidden:"" default:"withargs" help:"Encrypt, or decrypt with -d."`
	Encrypt     encryptCmd     `cmd:"" help:"Encrypt a file or a stream (the default command)."`
	Decrypt     decryptCmd     `cmd:"" help:"Decrypt a file or a stream (the same as -d)."`
	Keygen      keygenCmd      `cmd:"" help:"Make a new key pair."`
	Verify      verifyCmd      `cmd:"" help:"Check a whole file and its signature, and write nothing."`
	Inspect     inspectCmd     `cmd:"" help:"Say what an encrypted file is, with or without a key."`
	Fingerprint fingerprintCmd `cmd:"" help:"Print the fingerprint of a key file."`
	Push        pushCmd        `cmd:"" help:"Send files to a server, encrypted on the way."`
	Pull        pullCmd        `cmd:"" help:"Get files from a server, decrypted on the way."`
	Ls          lsCmd          `cmd:"" help:"List what is on a server."`
	Rm          rmCmd          `cmd:"" help:"Delete what is on a server."`
	Serve       serveCmd       `cmd:"" help:"Keep encrypted files for others, who push and pull them."`
	Demo        demoCmd        `cmd:"" help:"Show it all on keys and a file made for that."`
	Completion  completionCmd  `cmd:"" help:"Print the completion script for a shell."`
	Man         manCmd         `cmd:"" help:"Print the man page."`
	Version     versionCmd     `cmd:"" help:"Print the version."`

	Progress string `enum:"auto,always,never" default:"auto" placeholder:"WHEN" help:"Show progress: auto (on a terminal), always or never."`
	Quiet    bool   `short:"q" help:"No progress and no warnings."`
}

const description = `Encrypts files for post-quantum keys (X25519 with ML-KEM-768, AES-256-GCM).`

const examples = `Examples:

    pqenc keygen -o alice                        make alice.key and alice.pub
    pqenc -r alice.pub model.bin > model.pqe     encrypt
    pqenc -d -i alice.key model.pqe > model.bin  decrypt
    tar c run7 | pqenc -r alice.pub > run7.pqe   pipes, everywhere

Without a command it encrypts, or with -d decrypts: "pqenc encrypt --help" and
"pqenc decrypt --help" show the flags.`

func newParser(a *app, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(new(grammar), append([]kong.Option{
		kong.Name("pqenc"),
		kong.Description(description),
		kong.PostBuild(func(k *kong.Kong) error { k.Model.Detail = examples; return nil }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.Writers(a.stdout, a.stderr),
		kong.Bind(a),
		kong.NamedMapper("path", kong.MapperFunc(mapPath)),
		kong.NamedMapper("text", kong.MapperFunc(mapText)),
		kong.NamedMapper("names", kong.MapperFunc(mapNames)),
		kong.NamedMapper("url", kong.MapperFunc(mapURL)),
		kong.NamedMapper("urls", kong.MapperFunc(mapURLs)),
	}, options...)...)
}

// mapPath takes the name of a file, or one of several, byte for byte as it was
// typed. Kong's own mapper for type:"path" makes it absolute, which reads badly
// in messages, and its PopValueInto mends names that are not UTF-8.
func mapPath(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().IsEOL() {
		return errors.New("needs the name of a file")
	}
	token, err := ctx.Scan.PopValue("file")
	if err != nil {
		return err
	}
	name := token.String()
	if name == "" { // an unset variable in a script: standard input would be a surprise
		return errors.New("the name of the file is empty")
	}
	if target.Kind() == reflect.Slice {
		target.Set(reflect.Append(target, reflect.ValueOf(name)))
	} else {
		target.SetString(name)
	}
	return nil
}

// names are several arguments: the names of files, or URLs.
type names []string

// mapNames takes the names of files byte for byte as they were typed, up to the
// first flag or the first that is of the other kind.
func mapNames(ctx *kong.DecodeContext, target reflect.Value) error {
	all := takeNames(ctx, func(all names, name string) bool {
		last := name == "" && ctx.Scan.Len() == 1 // what was to be the URL
		return len(all) == 0 || isURL(name) == isURL(all[0]) && !last
	})
	if slices.Contains(all, "") {
		return errors.New("the name of the file is empty")
	}
	target.Set(reflect.ValueOf(all))
	return nil
}

// mapURLs is the same for URLs. What is none will be said where they are read.
func mapURLs(ctx *kong.DecodeContext, target reflect.Value) error {
	target.Set(reflect.ValueOf(takeNames(ctx, func(names, string) bool { return true })))
	return nil
}

// takeNames takes arguments up to the first flag or the first that does not go
// with those before it.
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

// mapURL takes a URL, which may be empty: that is no URL, and no name of a file.
func mapURL(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("URL")
	if err == nil {
		target.SetString(token.String())
	}
	return err
}

func isURL(name string) bool { return strings.Contains(name, "://") }

// mapText takes a text byte for byte as it was typed. With Kong's own mapper two
// texts that are not UTF-8 could become the same.
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

	signals := watchSignals()
	done := make(chan error, 1)
	go func() { done <- ctx.Run() }()
	for {
		select {
		case err := <-done:
			return a.report(err)
		case sig := <-signals:
			if a.stopGently() {
				continue
			}
			// A command may be blocked in a read that nothing ends but the end
			// of the process, so it is not waited for.
			a.interrupt()
			return interrupted(sig)
		}
	}
}

// watchSignals returns a channel of the signals that end the process, but for
// those that its parent made it ignore, as nohup does.
func watchSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// misplaced matches what kong says of "pqenc -r PUB version".
var misplaced = regexp.MustCompile(`^flag (--\S+) applies to the default command .*, not "(.+)"$`)

// parseError adds what the parser knows to a mistake on the command line.
func parseError(err error) error {
	if m := misplaced.FindStringSubmatch(err.Error()); m != nil {
		return usageError(m[1]+" does not go with the command "+m[2], "if "+m[2]+" is a file, write ./"+m[2])
	}
	if strings.HasPrefix(err.Error(), "--passphrase: ") {
		// Kong quotes the value, which is likely to be a passphrase.
		return usageError("--passphrase has no value", "the passphrase is asked for, or give it with --passphrase-file or --passphrase-fd")
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		if misread := misplacedURL(parse.Context); misread != nil {
			return misread
		}
		if cmd := parse.Context.Selected(); cmd != nil && !cmd.Hidden {
			return usageError(err.Error(), fmt.Sprintf("see \"%s --help\"", cmd.FullPath()))
		}
	}
	return usageError(err.Error())
}

// misplacedURL says what is wrong with the URL of a push that was taken for a file,
// or the other way round; nil if that is not what is wrong.
func misplacedURL(ctx *kong.Context) error {
	i := slices.IndexFunc(ctx.Path, func(p *kong.Path) bool { return p.Positional != nil })
	if i < 0 || ctx.Selected().Name != "push" {
		return nil
	}
	files := ctx.Value(ctx.Path[i]).Interface().(names)
	if isURL(files[0]) {
		return errURLFirst()
	}
	if missing := ctx.Command() == "push <FILE ...>"; missing && len(files) > 1 {
		_, err := parseURL(files[len(files)-1])
		return err
	}
	return nil
}

// errURLFirst is for a push that has the URL where the files are to be.
func errURLFirst() error {
	return usageError("the URL comes last", "name the files first, and then the one URL that they are pushed to")
}

// interrupted is the exit code that a shell gives to a process ended by sig.
func interrupted(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitIO
}
