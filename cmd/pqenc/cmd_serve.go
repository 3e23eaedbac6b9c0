// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/server"
)

type serveCmd struct {
	Dir         string        `required:"" type:"path" placeholder:"DIR" help:"Keep the files in the folder DIR. It is made if it is not there."`
	Listen      string        `required:"" placeholder:"ADDR" help:"Take connections at ADDR, a host and a port, or :PORT for all of this machine's addresses."`
	Identity    string        `short:"i" required:"" type:"path" complete:"own" placeholder:"KEY" help:"Who the server is: the private key KEY, a name or a file. It opens none of the files."`
	Allow       string        `required:"" type:"path" placeholder:"FILE" help:"Who may do what: the access list in FILE."`
	Endpoint    string        `default:"/pqenc" placeholder:"PATH" help:"The path at which clients connect (default: /pqenc)."`
	Metrics     string        `placeholder:"ADDR" help:"Give metrics for Prometheus at http://ADDR/metrics, to everybody who can connect to it."`
	Grace       time.Duration `default:"20s" placeholder:"TIME" help:"How long transfers may go on after the signal to stop (default: 20s)."`
	Log         string        `enum:"text,json" default:"text" placeholder:"FORM" help:"Write the log as text or json (default: text)."`
	LogLevel    string        `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Log from this level on: debug, info, warn or error (default: info)."`
	AddressFile string        `type:"path" placeholder:"FILE" help:"Write host and port to FILE once connections are taken. For tests, with port 0."`
	Check       bool          `help:"Check flags, keys and access list, and do nothing else."`

	Older  generationFlag  `embed:""`
	Limits limitFlags      `embed:""`
	Secret passphraseFlags `embed:""`
}

func (serveCmd) Help() string {
	return `Keeps .pqe files for those on the access list, who push and pull them at
ws://HOST:PORT/NAME. Each line of the list says who may do what with which
names; ** stands for any folders. Keys are names in the keyring, files or fingerprints:

    alice             push,list   alice/**  quota=50GiB files=10000 overwrite
    keys/lab.pub      pull,list   **
    SHA256:zdLW...    pull,list   **

A name admits all generations of the key, a file only the newest one in it; an identity
that was retired is admitted by neither.

The rights are push, pull, list and delete. For push, overwrite allows to replace
files; quota=SIZE bounds the bytes under these names and files=N their number,
that of folders included, whoever pushed them.

A changed list, or key file that it names, counts within a second, also for what is
under way; one that is broken or gone leaves what was before in force.

GET /healthz answers while the process lives, /readyz while it is of use. SIGTERM
and Ctrl-C let transfers end for a while and stop the others where they can go on
later; a second signal ends it at once.

Examples:

    pqenc serve --dir store --listen :8765 -i server.key --allow allow
    pqenc serve --check --dir store --listen :8765 -i server.key --allow allow`
}

func (c *serveCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	log := newLogger(a.stderr, c.Log, c.LogLevel)
	a.stderr.onLoss(func(dropped int64) { log.Warn("log lines were dropped: nobody read them", "lines", dropped) })
	allow, err := c.openAllow(log)
	if err != nil {
		return err
	}
	id, err := a.privateKey(c.Identity, &c.Secret)
	if err == nil {
		id, err = c.Older.of(id)
	}
	if err != nil {
		return err
	}
	if c.Check {
		if !a.grammar.Quiet {
			a.say("all is well with the server " + id.Public().Fingerprint().String())
		}
		return nil
	}
	debug.FreeOSMemory() // a passphrase takes more of it than the server ever will
	return c.serve(a, log, id, allow)
}

// check finds what is wrong with the flags before anything happens.
func (c *serveCmd) check() error {
	if err := checkAddress("--listen", c.Listen); err != nil {
		return err
	}
	if c.Metrics != "" {
		if err := checkAddress("--metrics", c.Metrics); err != nil {
			return err
		}
	}
	switch c.Endpoint {
	case healthPath, readyPath:
		return usageError("--endpoint: " + c.Endpoint + " is taken")
	case path.Clean("/" + c.Endpoint):
	default:
		return usageError("--endpoint: expected a path like /pqenc")
	}
	if info, err := os.Stat(c.Dir); err == nil && !info.IsDir() {
		return usageError("--dir: " + c.Dir + " is not a folder")
	}
	return nil
}

func checkAddress(flag, addr string) error {
	if _, err := net.ResolveTCPAddr("tcp", addr); err != nil {
		return usageError(flag+": "+err.Error(), "expected a host and a port like 127.0.0.1:8765, or :8765 for all addresses")
	}
	return nil
}

// openAllow reads the access list, and will read it again when it changes.
func (c *serveCmd) openAllow(log *slog.Logger) (*server.AllowFile, error) {
	allow, err := server.OpenAllow(c.Allow, c.locateKeys, func(err error) {
		log.Error("access list not taken, the one before stays in force", "err", err)
	})
	if errors.Is(err, pqenc.ErrFIPS) {
		return nil, pqenc.ErrFIPS // the list is not at fault
	}
	var file *fs.PathError
	var explained *failure
	if err != nil && classify(err) == exitIO && !errors.As(err, &file) && !errors.As(err, &explained) {
		err = usageError(err.Error(), `"pqenc serve --help" shows what a list looks like`)
	}
	return allow, err
}

// locateKeys finds the keys that the access list names. A name stands for all accepted
// generations of its key, and a file for the newest ones in it. An identity that was
// retired without a successor gets in no more.
func (c *serveCmd) locateKeys(who string) (string, func(string) ([]signature.Fingerprint, error), error) {
	at, err := locateBeside(who, filepath.Join(filepath.Dir(c.Allow), who))
	if err != nil || at.ring == nil {
		return filepath.FromSlash(who), admitted, err
	}
	return at.ring.PublicFile(at.name), func(string) ([]signature.Fingerprint, error) {
		e, err := at.ring.Find(at.name)
		if err != nil {
			return nil, err
		}
		if !e.Public.Retired().IsZero() {
			return nil, nil
		}
		return e.Public.Fingerprints(), nil
	}, nil
}

// admitted returns the fingerprints of the keys in a file, without retired ones.
func admitted(file string) ([]signature.Fingerprint, error) {
	keys, err := publicKeys(file)
	if err == nil {
		_, err = amongKnown(keys, nil)
	}
	if err != nil {
		return nil, in(file, err)
	}
	return slices.DeleteFunc(keys, func(p *keyfile.Public) bool { return !p.Retired().IsZero() }).Fingerprints(), nil
}
