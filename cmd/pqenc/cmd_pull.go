// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/transfer"
)

type pullCmd struct {
	Keys    identityFlag `embed:""`
	Trust   fromFlags    `embed:""`
	Stream  streamFlag   `embed:""`
	Context contextFlag  `embed:""`

	As    string         `type:"path" complete:"own" placeholder:"KEY" help:"Log in with the private key KEY, a name in the keyring or a file. Default: the first -i."`
	Older generationFlag `embed:""`

	Raw        bool   `help:"Do not decrypt."`
	Passphrase bool   `short:"p" help:"Also decrypt files with a passphrase, which --passphrase-file then gives. The server learns whether it was right."`
	Follow     bool   `help:"Wait for an object that does not exist yet, and pull it while it is still being pushed."`
	Output     string `short:"o" type:"path" placeholder:"OUT" help:"Write to the file OUT, which is replaced only when the output is complete, or into the folder OUT/. Default, or if OUT is -: standard output."`

	Globs  globFlags `embed:""`
	DryRun bool      `short:"n" help:"Print what would be done, and change nothing."`
	Keep   keepFlag  `embed:""`
	Sync   syncFlags `embed:"" set:"gone=files in OUT/ that have no object any more"`
	JSON   bool      `name:"json" help:"Print JSON. Needs -o."`

	Remote    remoteFlags   `embed:""`
	Bandwidth bandwidthFlag `embed:""`
	Secret    secretFlags   `embed:""`

	URLs names `arg:"" type:"urls" name:"URL ..." help:"The objects to pull: ws://HOST[:PORT]/NAME, a pattern, or .../FOLDER/ for everything in a folder."`
}

func (pullCmd) Help() string {
	return `After a lost connection the pull resumes by itself. With -o, a pull that was stopped
resumes if you run the same command again.

To pull a folder again, use --skip-existing to get only the files that do not exist here,
or --update to get also those that are newer on the server. --delete deletes files here
that have no object any more, except hidden files, links, and files that may be private
keys. Note that a server can have files deleted by not listing their objects.

Several objects, such as all in .../FOLDER/ or all that match a pattern, need an output
folder. Each file gets the name of its object without .pqe, or with --raw the whole name.

` + patternHelp + `

Examples:

    pqenc pull -i lab.key ws://host/alice/model.pqe -o model.bin
    pqenc pull -i lab.key --from alice.pub ws://host/alice/run7/ -o run7/
    pqenc pull -i lab.key --update --delete ws://host/run7/ -o run7/
    pqenc pull -i lab.key 'ws://host/alice/*.bin.pqe' -o models/
    pqenc pull -i lab.key --follow ws://host/alice/run7.pqe | tar x
    pqenc pull --as lab.key --raw ws://host/alice/model.pqe -o model.pqe`
}

func (c *pullCmd) Run(a *app) error {
	from, err := parseObjects(c.URLs)
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Sync.Delete && (len(from) > 1 || !from[0].isFolder() || from[0].isPattern()) {
		return usageError("--delete needs one folder to compare a folder with", "pull .../FOLDER/ to -o FOLDER/, and nothing else")
	}
	p := &puller{cmd: c, app: a}
	if err := p.login(); err != nil {
		return err
	}
	defer p.servers.Close()
	defer func() { p.into.Close() }()
	list, err := p.list(from)
	if err != nil {
		return err
	}
	all := &atOnce{several: several{app: a, verb: "pulled", keep: c.JSON}, tally: p.servers.tally, serial: c.Passphrase, bandwidth: c.Bandwidth}
	todo, extra, err := p.compare(list, &all.several)
	if err != nil {
		return err
	}
	if c.DryRun {
		return p.show(todo, extra, &all.several)
	}
	return p.run(todo, extra, all)
}

// run pulls the objects, and then deletes files that have no object any more.
func (p *puller) run(todo []receiving, extra []string, all *atOnce) error {
	all.begin = func(i int) job { return p.begin(todo[i]) }
	for _, r := range todo {
		all.sizes = append(all.sizes, r.size)
	}
	all.thenDelete(extra, p.into.title, p.remove)
	err := all.run()
	if synced := p.app.syncing(p.batch.Sync); synced != nil {
		p.app.report(err)
		err = synced
	}
	return err
}

// check returns an error for invalid flags, before anything happens.
func (c *pullCmd) check() error {
	if err := checkLogin(c.login()); err != nil {
		return err
	}
	switch {
	case c.Raw && (c.Passphrase || len(c.Trust.From) > 0 || c.Context.Context != nil || c.Trust.AllowForwarded || c.Stream.StreamUnverified):
		return usageError("--raw does not decrypt", "leave out the flags for decrypting")
	case c.JSON && isStdio(c.Output):
		return usageError("--json and the contents cannot both go to standard output", "name an output with -o")
	case isStdio(c.Output) && (c.Keep.NoClobber || c.Sync.Update || c.Sync.Delete):
		return usageError("comparing needs an output folder", "name it with -o")
	}
	if err := cmp.Or(c.Globs.check(), c.Sync.check(c.Keep)); err != nil {
		return err
	}
	return c.Secret.check(&input{size: -1}, true)
}

// login returns the argument that names the login key, or "".
func (c *pullCmd) login() string {
	if c.As == "" && len(c.Keys.Identity) > 0 {
		return c.Keys.Identity[0]
	}
	return c.As
}

// receiving is an object and the file to write it to.
type receiving struct {
	remoteObject
	output string
	into   *outFolder // folder of the output, or nil
}

// puller pulls objects over one connection to each server.
type puller struct {
	cmd     *pullCmd
	app     *app
	policy  pqenc.Policy
	named   []pqenc.Identity // decryption keys
	own     string           // name of the default identity, if it is one of them
	servers *servers
	into    *outFolder    // output folder, or nil
	batch   durable.Batch // small files in the folder
}

// login loads the keys.
func (p *puller) login() (err error) {
	if p.policy, err = p.cmd.Trust.policy(&p.cmd.Context); err != nil {
		return err
	}
	_, secret := p.cmd.Secret.roles(p.cmd.Passphrase)
	if p.named, p.own, err = p.app.decryptors(&p.cmd.Keys, secret); err != nil {
		return err
	}
	id, err := p.app.loginKey(p.cmd.login(), p.cmd.Older, secret)
	p.cmd.Bandwidth.limit(&p.cmd.Remote)
	p.servers = p.cmd.Remote.servers(p.app, id)
	return err
}

// list returns the objects to pull, and their outputs.
func (p *puller) list(from []location) ([]receiving, error) {
	if len(from) == 1 && !from[0].isFolder() && !from[0].isPattern() && !isFolder(p.cmd.Output) {
		r := receiving{remoteObject: remoteObject{location: from[0], size: -1}, output: p.cmd.Output}
		return []receiving{r}, nil
	}
	if isStdio(p.cmd.Output) {
		return nil, usageError("several objects need a folder", "name it with -o FOLDER/")
	}
	var all []receiving
	for _, l := range from {
		found, err := p.servers.named([]location{l})
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			all = append(all, receiving{remoteObject: o, output: p.fileName(strings.TrimPrefix(o.name, l.above()))})
		}
	}
	if err := p.openInto(); err != nil {
		return nil, err
	}
	for i := range all {
		all[i].into = p.into
	}
	return all, nil
}

// openInto opens the output folder, which is created only now that there is something to
// pull.
func (p *puller) openInto() (err error) {
	if p.cmd.DryRun && !isDir(p.cmd.Output) {
		return nil
	}
	p.into, err = p.app.openFolder(p.cmd.Output, p.cmd.Raw)
	return err
}

// fileName returns the file name for an object.
func (p *puller) fileName(name string) string {
	if p.cmd.Raw {
		return name
	}
	return strings.TrimSuffix(name, ".pqe")
}

// passphrase returns an identity for objects with a passphrase, or nil if none may be
// tried. A hostile server could make objects only to see whether they open. It learns
// about one wrong guess per run, and using that costs it as much work as any other guess.
func (p *puller) passphrase(from location) *recipient.Prompted {
	if !p.cmd.Passphrase {
		return nil
	}
	secret, _ := p.cmd.Secret.roles(true)
	id := recipient.NewPrompted(secret.ask(p.app, path.Base(from.name)))
	id.Weak = func(c recipient.Cost) error {
		answer, err := p.app.prompter.Ask(fmt.Sprintf("%s makes its passphrase easy to guess (Argon2id with %s). Try it? [yes/no]", from, c))
		if err == nil && answer == "yes" {
			return nil
		}
		return recipient.RefuseWeak(c)
	}
	return id
}

// begin prepares the output for an object, and returns the job that pulls it.
func (p *puller) begin(r receiving) job {
	d, err := p.download(r)
	return func() done {
		if err == nil {
			err = d.pull(r)
		}
		if p.cmd.Keep.NoClobber && errors.Is(err, fs.ErrExist) { // created since it was looked for
			return done{title: r.String(), result: isThere}
		}
		return done{title: r.String(), say: d.say, err: in(r.String(), err)}
	}
}

// download prepares the pull of one object.
func (p *puller) download(r receiving) (d *download, err error) {
	d = &download{puller: p, cmd: p.cmd, name: r.name, output: r.output}
	if r.into != nil {
		if d.output, err = r.into.place(r.output); err != nil {
			return d, err
		}
	}
	d.server, err = p.servers.at(r.location)
	return d, err
}

// pull pulls the object.
func (d *download) pull(r receiving) (err error) {
	p := d.puller
	d.progress = &transferProgress{tally: p.servers.tally, title: d.output}
	defer func() { d.progress.stop(err) }()
	d.keys = newIdentities(p.named, p.own, p.passphrase(r.location))
	switch {
	case !staged(d.output):
		return d.direct()
	case r.into != nil && r.size >= 0 && r.size <= transfer.MaxSmall && !d.cmd.Follow && !durable.CanResume(d.output):
		return d.small()
	}
	err = d.resume(true)
	if errors.Is(err, transfer.ErrChanged) {
		p.app.warn("%s: %v: starting over", r.location, err)
		err = d.resume(false)
	}
	return err
}
