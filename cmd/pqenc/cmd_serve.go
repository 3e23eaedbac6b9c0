// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
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
	Dir          string        `required:"" type:"path" placeholder:"DIR" help:"Store the files in the folder DIR, which is created if it does not exist."`
	Listen       string        `required:"" placeholder:"ADDR" help:"Listen on ADDR: HOST:PORT, or :PORT for all addresses of this machine."`
	Identity     string        `short:"i" required:"" type:"path" complete:"own" placeholder:"KEY" help:"The private key of the server, a name in the keyring or a file. It cannot decrypt the stored files."`
	Allow        string        `required:"" type:"path" placeholder:"FILE" help:"Read the access list from FILE."`
	TrustedProxy []string      `placeholder:"CIDR" help:"Trust the X-Forwarded-For of proxies at these addresses, such as 127.0.0.1/32: limits and the log then use the address of the client. Can be repeated."`
	Endpoint     string        `default:"/pqenc" placeholder:"PATH" help:"The URL path of the server (default: /pqenc)."`
	Metrics      string        `placeholder:"ADDR" help:"Serve Prometheus metrics at http://ADDR/metrics, without authentication."`
	Grace        time.Duration `default:"20s" placeholder:"TIME" help:"Let transfers continue for TIME after a signal to stop (default: 20s)."`
	Log          string        `enum:"text,json" default:"text" placeholder:"FORM" help:"Log format: text or json (default: text)."`
	LogLevel     string        `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error (default: info)."`
	AddressFile  string        `type:"path" placeholder:"FILE" help:"Write the host and port to FILE once the server listens. For tests, with port 0."`
	Check        bool          `help:"Check flags, keys and access list, report all errors, and exit."`

	Older  generationFlag  `embed:""`
	Limits limitFlags      `embed:""`
	Secret passphraseFlags `embed:""`
}

func (serveCmd) Help() string {
	return `Stores .pqe files for clients, who push and pull them at ws://HOST:PORT/NAME. The access
list says who may do that. Each line has a key, its rights, and the names of the objects
that they apply to, where ** matches any folders:

    alice             push,list    alice/**  quota=50GiB files=10000 overwrite
    keys/lab.pub      pull,list    **
    SHA256:zdLW...    pull,delete  old/**

A key is a name in the keyring, a file of public keys, or a fingerprint. A name admits all
generations of the key, a file only the newest generation of each of its keys. Neither
admits an identity that was retired.

The rights are push (store files), pull (read them), list (see their names) and delete.
mv needs pull and delete for the old name and push for the new one. For push, overwrite
allows files to be replaced, quota=SIZE limits the bytes under these names, and files=N
limits the number of files and folders, whoever pushed them.

Behind a reverse proxy, give its addresses with --trusted-proxy. The limits per address and
the log then use the client address that the proxy writes into X-Forwarded-For.

Changes to the list, and to key files that it names, take effect within a second, also for
running transfers. If the new list has an error, the old one stays in force.

GET /healthz succeeds while the process is alive, and /readyz while the server can serve
requests. After SIGTERM or Ctrl-C, transfers can continue for the time of --grace; those
that are cut off can be resumed later. A second signal ends the server at once.

Examples:

    pqenc serve --dir store --listen :8765 -i server.key --allow allow
    pqenc serve --check --dir store --listen :8765 -i server.key --allow allow`
}

func (c *serveCmd) Run(a *app) error {
	wrong := c.check()
	log := newLogger(a.stderr, c.Log, c.LogLevel)
	a.stderr.onLoss(func(dropped int64) { log.Warn("log lines were dropped: nobody read them", "lines", dropped) })
	allow, bad := c.openAllow(log)
	wrong = append(wrong, bad...)
	var id *keyfile.Identity
	if len(wrong) == 0 || c.Check { // otherwise do not ask for a passphrase
		var err error
		if id, err = c.identity(a); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return a.reportAll(wrong)
	}
	if c.Check {
		if !a.grammar.Quiet {
			a.say("no errors found for the server " + id.Public().Fingerprint().String())
		}
		return nil
	}
	debug.FreeOSMemory() // the passphrase took more memory than the server will need
	return c.serve(a, log, id, allow)
}

// reportAll reports all errors except the last, which it returns with the exit code of
// the first.
func (a *app) reportAll(wrong []error) error {
	last := len(wrong) - 1
	for _, err := range wrong[:last] {
		a.report(err)
	}
	code, _ := codeOf(wrong[0])
	_, hints := codeOf(wrong[last])
	return &failure{wrong[last], code, hints}
}

func (c *serveCmd) identity(a *app) (*keyfile.Identity, error) {
	id, err := a.privateKey(c.Identity, &c.Secret)
	if err != nil {
		return nil, err
	}
	return c.Older.of(id)
}

// check returns all errors in the flags, before anything happens.
func (c *serveCmd) check() (wrong []error) {
	add := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	add(checkAddress("--listen", c.Listen))
	if c.Metrics != "" {
		add(checkAddress("--metrics", c.Metrics))
	}
	_, err := c.proxies()
	add(err)
	switch c.Endpoint {
	case healthPath, readyPath:
		add(usageError("--endpoint: " + c.Endpoint + " is taken"))
	case path.Clean("/" + c.Endpoint):
	default:
		add(usageError("--endpoint: expected a path like /pqenc"))
	}
	if info, err := os.Stat(c.Dir); err == nil && !info.IsDir() {
		add(usageError("--dir: " + c.Dir + " is not a folder"))
	}
	return wrong
}

// proxies parses the addresses of --trusted-proxy.
func (c *serveCmd) proxies() (all []netip.Prefix, err error) {
	for _, text := range c.TrustedProxy {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix.Addr().Is4In6() {
			return nil, usageError("--trusted-proxy: "+text+" is not an address range", "expected a range like 10.0.0.0/8, 127.0.0.1/32 or ::1/128")
		}
		all = append(all, prefix)
	}
	return all, nil
}

func checkAddress(flag, addr string) error {
	if _, err := net.ResolveTCPAddr("tcp", addr); err != nil {
		return usageError(flag+": "+err.Error(), "expected a host and a port like 127.0.0.1:8765, or :8765 for all addresses")
	}
	return nil
}

// openAllow reads the access list, and reads it again whenever it changes. It returns one
// error per wrong line.
func (c *serveCmd) openAllow(log *slog.Logger) (*server.AllowFile, []error) {
	allow, err := server.OpenAllow(c.Allow, c.locateKeys, func(err error) {
		log.Error("access list has errors, the old one stays in force", "err", err)
	})
	var lines server.ListError
	switch {
	case err == nil:
		return allow, nil
	case errors.Is(err, pqenc.ErrFIPS):
		return nil, []error{pqenc.ErrFIPS} // not a mistake in the list
	case !errors.As(err, &lines):
		return nil, []error{explainList(err)}
	}
	var wrong []error
	for _, err := range lines {
		wrong = append(wrong, explainList(fmt.Errorf("%s: %w", c.Allow, err)))
	}
	return nil, wrong
}

// explainList turns an error in the access list itself into a usage error.
func explainList(err error) error {
	var file *fs.PathError
	var explained *failure
	if classify(err) == exitIO && !errors.As(err, &file) && !errors.As(err, &explained) {
		return usageError(err.Error(), `"pqenc serve --help" shows what a list looks like`)
	}
	return err
}

// locateKeys returns the keys that an entry of the access list names. A name stands for
// all accepted generations of its key, a file for the newest generation of each of its
// keys. Retired identities without a successor are not admitted.
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

// admitted returns the fingerprints of the keys in a file, except retired ones.
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
