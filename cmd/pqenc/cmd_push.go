// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer"
)

type pushCmd struct {
	To        recipientFlags `embed:""`
	Context   contextFlag    `embed:""`
	Login     loginFlags     `embed:""`
	Secret    secretFlags    `embed:""`
	Source    sourceFlags    `embed:""`
	Bandwidth bandwidthFlag  `embed:""`
	Select    selectFlags    `embed:""`
	Overwrite bool           `help:"Replace objects of the same name."`
	Keep      keepFlag       `embed:""`
	Sync      syncFlags      `embed:"" set:"gone=objects of the pushed folders that have no file any more"`
	JSON      bool           `name:"json" help:"Print JSON."`
	Buffer    byteSize       `default:"128MiB" placeholder:"SIZE" help:"Keep up to SIZE of encrypted or piped data in memory until the server has stored it. More than 16MiB helps only on fast connections with a high latency (default: 128MiB)."`

	Files names  `arg:"" type:"names" name:"FILE ..." help:"The files and folders to push, or - for standard input."`
	URL   string `arg:"" optional:"" type:"url" name:"URL" help:"The destination: ws://HOST[:PORT]/NAME, or .../FOLDER/ to keep the names of the files."`
}

func (pushCmd) Help() string {
	return `With -r or -p the files are encrypted on the way. Without them, only files that are
encrypted already are pushed, unchanged. Objects appear on the server atomically. After a
lost connection the push resumes by itself. A push of an encrypted file that was stopped
also resumes if you run the same command again.

If the URL ends in a slash, each object gets the name of its file and .pqe. A folder is
pushed with all its subfolders: as FOLDER/NAME if you write FOLDER, and as NAME if you
write FOLDER/. Hidden files and links in folders are left out.

To push a folder again, use --skip-existing to send only the files that do not exist on the
server, or --update to send also those that are newer here. --delete deletes objects that
have no file any more. These flags compare names and times with one listing of the server.

Examples:

    pqenc push -i alice.key -r lab.pub model.bin ws://host/alice/model.pqe
    pqenc push -i alice.key -r lab.pub --sign alice.key run7 ws://host/alice/
    pqenc push -i my.key -r lab.pub --update --delete run7/ ws://host/run7/
    pqenc push -i alice.key model.pqe ws://host/alice/
    pqenc push -i my.key -r lab.pub --from-command - ws://host/a.pqe -- tar c a`
}

func (c *pushCmd) Run(a *app) error {
	if err := c.findURL(); err != nil {
		return err
	}
	to, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	s := &sealer{app: a, to: &c.To, context: &c.Context, secret: &c.Secret}
	if err := c.check(s); err != nil {
		return err
	}
	if slices.ContainsFunc(c.Files, isStdio) {
		if err := c.Secret.check(&input{file: a.stdin, name: "standard input"}, true); err != nil {
			return err
		}
	}
	if err := c.checkSync(to); err != nil {
		return err
	}
	all := &atOnce{several: several{app: a, verb: "pushed", keep: c.JSON}, serial: c.To.Passphrase, memory: int64(c.Buffer), bandwidth: c.Bandwidth}
	list, err := c.list(a, to, &all.several)
	if err != nil {
		return err
	}
	p := &pusher{cmd: c, app: a, sealer: s}
	if !c.Select.DryRun || c.compares() {
		if err := p.login(to); err != nil {
			return err
		}
		defer p.server.Close()
	}
	var gone []string
	if c.compares() {
		if list, gone, err = p.compare(to, list, &all.several); err != nil {
			return err
		}
	}
	if c.Select.DryRun {
		return c.show(list, gone, to, &all.several)
	}
	return p.run(list, gone, to, all)
}

// run pushes the files, and then deletes objects that have no file any more.
func (p *pusher) run(list []sending, gone []string, to location, all *atOnce) error {
	all.tally = p.server.tally
	all.begin = func(i int) job {
		return func() done {
			d := done{title: list[i].title(), err: p.push(list[i])}
			if !isUnsteadyError(d.err) { // which names the file
				d.err = in(d.title, d.err)
			}
			if p.cmd.Keep.NoClobber && errors.Is(d.err, transfer.ErrExists) { // without the right to list, it was not seen before
				d.result, d.err = isThere, nil
			}
			return d
		}
	}
	for _, s := range list {
		all.sizes = append(all.sizes, s.size)
	}
	all.thenDelete(gone, func(name string) string { return to.with(name).String() }, p.remove)
	return all.run()
}

// findURL finds the URL among the arguments. It is the only argument if a list names the
// files.
func (c *pushCmd) findURL() error {
	last := len(c.Files) - 1
	switch {
	case c.URL == "" && last == 0 && isURL(c.Files[0]) && c.Select.lists():
		c.URL, c.Files = c.Files[0], nil
	case isURL(c.Files[0]) && !isURL(c.URL):
		return errURLFirst()
	case c.URL == "" && last > 0:
		_, err := parseURL(c.Files[last])
		return err
	case c.URL == "":
		return usageError(`expected "<URL>"`, `see "pqenc push --help"`)
	}
	return nil
}

// show prints what would be pushed and deleted.
func (c *pushCmd) show(list []sending, gone []string, to location, outcomes *several) error {
	outcomes.verb = "to be pushed"
	outcomes.total += len(list)
	for _, s := range list {
		outcomes.add(s.title(), s.size, isDone, outcomes.app.printPair(s.title(), to.with(s.name).String()))
	}
	if err := outcomes.showDeleted(gone, func(name string) string { return to.with(name).String() }); err != nil {
		return err
	}
	return outcomes.end()
}

// check returns an error for invalid flags, before anything happens.
func (c *pushCmd) check(s *sealer) error {
	if err := checkLogin(c.Login.Identity); err != nil {
		return err
	}
	if c.To.Sign != "" && !c.To.encrypts() {
		return usageError("--sign is for files that are encrypted on the way", "name a public key with -r, or use a passphrase with -p")
	}
	if c.Buffer < transfer.LeastBuffer {
		return usageError(fmt.Sprintf("--buffer: expected %d MiB or more", transfer.LeastBuffer>>20), "a server stores some MiB at a time, and receives more meanwhile")
	}
	return s.check()
}

// sending is a file and the name of its object.
type sending struct {
	found
	name    string
	replace bool // replace an older object of that name
}

// isStdin reports whether standard input is pushed.
func (s sending) isStdin() bool { return s.folder == nil && isStdio(s.file) }

func (s sending) title() string {
	if s.isStdin() {
		return "standard input"
	}
	return s.found.title()
}

// list finds the files to push. Those that cannot be pushed are failed outcomes.
func (c *pushCmd) list(a *app, to location, outcomes *several) (all []sending, err error) {
	if !to.isFolder() && (c.Select.lists() || len(c.Files) > 1 || isDir(c.Files[0])) {
		return nil, usageError("several files need a URL that ends in /", "each file gets its own name after it")
	}
	if slices.ContainsFunc(c.Files, isStdio) {
		if to.isFolder() || len(c.Files) > 1 {
			return nil, usageError("standard input has no name", "name the object: "+urlHint)
		}
		return []sending{{found: found{file: c.Files[0], size: -1}, name: to.name}}, nil
	}
	single := !c.Select.lists() && len(c.Files) == 1 && !isDir(c.Files[0])
	var failed error // if there is only one
	w := &walker{selectFlags: &c.Select, app: a, visit: func(f found, err error) {
		s := sending{found: f, name: to.name}
		if to.isFolder() {
			s.name = objectName(to.name, f.out)
		}
		if err == nil {
			err = s.checkName(to)
		}
		switch {
		case err == nil:
			all = append(all, s)
		case single:
			failed = err
		default:
			outcomes.total++
			outcomes.add(s.title(), s.size, isFailed, err)
		}
	}}
	if err := cmp.Or(w.walk(c.Files), failed); err != nil {
		return nil, err
	}
	if len(all)+outcomes.total == 0 {
		return nil, usageError("the arguments contain no file", "nothing was pushed")
	}
	return distinct(all)
}

// checkName requires a valid object name and, if it comes from a file, one that pull can
// turn back into a file name.
func (s sending) checkName(to location) error {
	err, hint := transfer.CheckName(s.name), "choose another name"
	if to.isFolder() {
		hint = "give the file another name, or push it by itself to a URL with another one"
		err = cmp.Or(transfer.CheckName(strings.TrimSuffix(s.name, ".pqe")), err)
	}
	if err == nil {
		return nil
	}
	return withHints(in(s.title(), err), hint)
}

// distinct removes duplicates. Two different files must not become the same object.
func distinct(all []sending) (each []sending, err error) {
	from := make(map[string]sending)
	for _, s := range all {
		other, taken := from[s.name]
		switch {
		case !taken:
			from[s.name] = s
			each = append(each, s)
		case !s.same(other.found):
			return nil, usageError(other.title()+" and "+s.title()+" would become the same object", "push them one by one, each to a name of its own")
		}
	}
	return each, nil
}

// objectName returns the name of the object for a file with the given path below folder.
func objectName(folder, path string) string {
	return folder + strings.TrimSuffix(filepath.ToSlash(path), ".pqe") + ".pqe"
}

// pusher pushes files over one connection.
type pusher struct {
	cmd    *pushCmd
	app    *app
	sealer *sealer
	server *remote
	asking sync.Mutex // held while asking for a passphrase

	sources []openedFolder // folders that objects are compared with
}

// login loads the key, and prepares the connection.
func (p *pusher) login(to location) error {
	_, secret := p.cmd.Secret.roles(p.cmd.To.Passphrase)
	id, err := p.app.loginKey(p.cmd.Login.Identity, p.cmd.Login.Older, secret)
	if err != nil {
		return err
	}
	if err := p.loadKeys(); err != nil {
		return err
	}
	p.cmd.Bandwidth.limit(&p.cmd.Login.Remote)
	p.server, err = p.cmd.Login.Remote.connect(p.app, to, id)
	return err
}

// loadKeys loads the encryption keys. A passphrase is asked for only once there is a file
// to encrypt.
func (p *pusher) loadKeys() error {
	if err := p.sealer.loadSigner(); err != nil {
		return err
	}
	if len(p.cmd.To.Recipient) == 0 {
		return nil
	}
	return p.sealer.loadRecipients("")
}

// push pushes one file.
func (p *pusher) push(s sending) (err error) {
	src, err := p.open(s)
	if err != nil {
		return err
	}
	if !s.isStdin() || src.producer != nil {
		defer src.Close()
	}
	progress := p.server.tally.push(s.title())
	progress.start(src.size, os.DevNull)
	defer func() { progress.stop(err) }()
	if p.cmd.To.encrypts() {
		return p.encrypt(s, src, progress)
	}
	return p.asItIs(s, src, progress)
}

// open opens the file to send.
func (p *pusher) open(s sending) (*input, error) {
	if s.folder != nil {
		return s.folder.open(s.path)
	}
	return p.cmd.Source.open(p.app, s.file)
}

// encrypt pushes a file, encrypting it on the way.
func (p *pusher) encrypt(s sending, src *input, progress *transferProgress) error {
	plain, err := src.look()
	if err != nil {
		return err
	}
	replaced := ""
	if p.cmd.Overwrite {
		replaced = "the object"
	}
	if err := p.cmd.Source.admit(p.app, src, plain, replaced); err != nil {
		if errors.Is(err, errEncrypted) {
			err = withHints(err, "to push it unchanged, leave out -r, -p and --sign", "to encrypt it once more, use --force")
		}
		return err
	}
	if err := p.getRecipients(); err != nil {
		return err
	}
	plain.warnOfKey(p.app, s.title(), &p.cmd.To)
	var changed error
	err = p.stream(s, src.size, progress, func(dst io.Writer) error {
		if err := p.sealer.seal(dst, plain.all); err != nil {
			return err
		}
		if changed = src.steady(); isUnsteadyError(changed) {
			return nil // the warning follows when the object is stored
		}
		return changed
	})
	return cmp.Or(err, changed)
}

// getRecipients loads the recipients, and asks for the passphrase if there is one.
func (p *pusher) getRecipients() error {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.sealer.recipients != nil {
		return nil
	}
	return p.sealer.loadRecipients("what is pushed")
}

// asItIs pushes an encrypted file unchanged. It refuses other files: the header must
// parse and, for a regular file, the length must be possible.
func (p *pusher) asItIs(s sending, src *input, progress *transferProgress) error {
	if err := s.intact(src); err != nil {
		return err
	}
	file, err := sniff(src.reader())
	if err != nil {
		return err
	}
	var header bytes.Buffer
	info, err := pqenc.Inspect(io.TeeReader(file, &header))
	if errors.Is(err, pqenc.ErrNotPqenc) {
		return usageError("is not encrypted", "name a recipient with -r, or use a passphrase with -p")
	}
	if err != nil {
		return err
	}
	if src.size >= 0 {
		if _, _, err := file.sizes(info, src.size); err != nil {
			return err
		}
	}
	if src.size >= 0 && !file.armored {
		return p.whole(s, src, progress)
	}
	if src.size >= 0 { // after reading it to the end
		file, err = sniff(src.reader())
		header.Reset()
	}
	if err != nil {
		return err
	}
	return p.stream(s, src.size, progress, func(dst io.Writer) error {
		_, err := io.CopyBuffer(dst, io.MultiReader(&header, file), make([]byte, 256<<10))
		return err
	})
}

// whole pushes an encrypted file that can be read at any offset, so that the server can
// request any part of it.
func (p *pusher) whole(s sending, src *input, progress *transferProgress) error {
	if src.size > transfer.MaxSmall {
		progress.canResume()
	}
	err := p.explain(p.server.PushFile(context.Background(), s.name, ownReaderAt{src.section(), progress.syncing}, src.size, p.options(s, src.size, progress)))
	return cmp.Or(err, src.steady())
}

// stream pushes the output of write, which cannot be repeated. If write fails, the object
// is not published.
func (p *pusher) stream(s sending, size int64, progress *transferProgress, write func(io.Writer) error) error {
	own := func(dst io.Writer) error {
		err := write(dst)
		if err != nil {
			err = &ownError{err}
		}
		progress.syncing()
		return err
	}
	return p.explain(p.server.PushFunc(context.Background(), s.name, own, p.options(s, size, progress)))
}

func (p *pusher) explain(err error) error {
	err = p.server.explain(err)
	if p.cmd.Overwrite && errors.Is(err, transfer.ErrExists) {
		// The server does not report which.
		err = withHints(err, "choose another name: your key may not replace the object, or the name is that of a folder, or a folder in it is an object")
	}
	return err
}

// options returns the transfer options for a file of the given size. The overhead of
// encryption is negligible.
func (p *pusher) options(s sending, size int64, progress *transferProgress) transfer.PushOptions {
	small := size >= 0 && size <= transfer.MaxSmall
	there := small // the number of bytes on the server is known
	return transfer.PushOptions{Overwrite: p.cmd.Overwrite || s.replace, Small: small, Buffer: int64(p.cmd.Buffer), Progress: func(durable int64) {
		if size >= 0 {
			durable = min(durable, size)
		}
		if !there {
			progress.resumed(durable)
		}
		there = true
		progress.reached(durable)
	}}
}

// ownReaderAt marks errors of reading the file as local errors.
type ownReaderAt struct {
	*io.SectionReader
	atEnd func() // called when everything has been read
}

func (r ownReaderAt) ReadAt(b []byte, offset int64) (int, error) {
	n, err := r.SectionReader.ReadAt(b, offset)
	if err != nil && err != io.EOF {
		err = &ownError{err}
	}
	if offset+int64(n) == r.Size() {
		r.atEnd()
	}
	return n, err
}
