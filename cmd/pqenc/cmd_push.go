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
	Overwrite bool           `help:"Replace what is there under the same name."`
	Buffer    byteSize       `default:"128MiB" placeholder:"SIZE" help:"Keep up to SIZE of what is encrypted on the way, or comes from a pipe, in memory until it is safe on the server: more than 16MiB only on a line that is fast and long (default: 128MiB)."`

	Files names  `arg:"" type:"names" name:"FILE ..." help:"What to push: files, folders, or - for standard input."`
	URL   string `arg:"" type:"url" name:"URL" help:"Where to, ws://HOST[:PORT]/NAME, or .../FOLDER/ for names like those of the files."`
}

func (pushCmd) Help() string {
	return `With -r or -p everything is encrypted on the way. Without them only encrypted files
are pushed, as they are. An object appears on the server when all of it is there. A
push whose connection is lost resumes by itself; that of an encrypted file also
resumes when the same command is given again.

A URL that ends in / gets the names of the files, followed by .pqe; of folders, all
files in them. Names that begin with a dot are left out, and so is what is neither a
file nor a folder, such as links. A link that is named itself is followed.

Examples:

    pqenc push -i alice.key -r lab.pub model.bin ws://host/alice/model.pqe
    pqenc push -i alice.key -r lab.pub --sign alice.key run7 ws://host/alice/
    pqenc push -i alice.key model.pqe ws://host/alice/
    pqenc push -i my.key -r lab.pub --from-command - ws://host/a.pqe -- tar c a`
}

func (c *pushCmd) Run(a *app) error {
	if isURL(c.Files[0]) && !isURL(c.URL) {
		return errURLFirst()
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
	list, err := c.list(a, to)
	if err != nil {
		return err
	}
	p := &pusher{cmd: c, app: a, sealer: s}
	if err := p.login(to); err != nil {
		return err
	}
	defer p.server.Close()
	all := &atOnce{several: several{app: a, verb: "pushed"}, tally: p.server.tally, serial: c.To.Passphrase, memory: int64(c.Buffer), begin: func(i int) job {
		return func() done { return done{err: in(list[i].title(), p.push(list[i]))} }
	}}
	for _, s := range list {
		all.sizes = append(all.sizes, s.size)
	}
	return all.run()
}

// check finds what is wrong with the flags before anything happens.
func (c *pushCmd) check(s *sealer) error {
	if err := checkLogin(c.Login.Identity); err != nil {
		return err
	}
	if c.To.Sign != "" && !c.To.encrypts() {
		return usageError("--sign is for files that are encrypted on the way", "name a public key with -r, or use a passphrase with -p")
	}
	if c.Buffer < transfer.LeastBuffer {
		return usageError(fmt.Sprintf("--buffer: expected %d MiB or more", transfer.LeastBuffer>>20), "a server makes some MiB safe at a time, and gets more meanwhile")
	}
	return s.check()
}

// sending is a file and the name of the object that it will be.
type sending struct {
	found
	name string
}

// isStdin reports whether it is standard input that is pushed.
func (s sending) isStdin() bool { return s.folder == nil && isStdio(s.file) }

func (s sending) title() string {
	if s.isStdin() {
		return "standard input"
	}
	return s.found.title()
}

// list returns what is to be pushed.
func (c *pushCmd) list(a *app, to location) ([]sending, error) {
	var all []sending
	for _, file := range c.Files {
		if isStdio(file) {
			if to.isFolder() {
				return nil, usageError("standard input has no name", "name the object: "+urlHint)
			}
			all = append(all, sending{found{file: file, size: -1}, to.name})
			continue
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		size := int64(-1)
		if info.Mode().IsRegular() {
			size = info.Size()
		}
		if (info.IsDir() || len(c.Files) > 1) && !to.isFolder() {
			return nil, usageError("several files need a URL that ends in /", "each file gets its own name after it")
		}
		switch {
		case info.IsDir():
			folder, err := openInFolder(file)
			if err != nil {
				return nil, err
			}
			before := len(all)
			err = folder.walk(a, func(f found, err error) error {
				all = append(all, sending{f, objectName(to.name+folder.base(), f.path)})
				return err
			})
			if err != nil {
				return nil, err
			}
			if len(all) == before {
				return nil, usageError("there is no file in "+file, "nothing was pushed")
			}
		case to.isFolder():
			all = append(all, sending{found{file: file, size: size}, objectName(to.name, filepath.Base(file))})
		default:
			all = append(all, sending{found{file: file, size: size}, to.name})
		}
	}
	if err := distinct(all); err != nil {
		return nil, err
	}
	return all, checkNames(all, to)
}

// checkNames requires that every object can have its name, and that pull makes a
// file of it again where the name is that of a file.
func checkNames(all []sending, to location) error {
	for _, s := range all {
		err, hint := transfer.CheckName(s.name), "choose another name"
		if to.isFolder() {
			hint = "give the file another name, or push it by itself to a URL with another one: nothing was pushed"
			err = cmp.Or(transfer.CheckName(strings.TrimSuffix(s.name, ".pqe")), err)
		}
		if err != nil {
			return withHints(in(s.title(), err), hint)
		}
	}
	return nil
}

// distinct requires that every file becomes an object of its own.
func distinct(all []sending) error {
	from := make(map[string]string)
	for _, s := range all {
		if other, taken := from[s.name]; taken {
			return usageError(other+" and "+s.title()+" would become the same object", "push them one by one, each to a name of its own")
		}
		from[s.name] = s.title()
	}
	return nil
}

// objectName is the name of the object for a file with that path below folder.
func objectName(folder, path string) string {
	return folder + strings.TrimSuffix(filepath.ToSlash(path), ".pqe") + ".pqe"
}

// pusher pushes files, over one connection.
type pusher struct {
	cmd    *pushCmd
	app    *app
	sealer *sealer
	server *remote
	asking sync.Mutex // held while a passphrase is asked for
}

// login gets the keys, and prepares the connection.
func (p *pusher) login(to location) error {
	_, secret := p.cmd.Secret.roles(p.cmd.To.Passphrase)
	id, err := p.app.loginKey(p.cmd.Login.Identity, p.cmd.Login.Older, secret)
	if err != nil {
		return err
	}
	if err := p.loadKeys(); err != nil {
		return err
	}
	p.server, err = p.cmd.Login.Remote.connect(p.app, to, id)
	return err
}

// loadKeys gets the keys of what is encrypted, and the passphrase only once there
// is a file for it.
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
	progress := &transferProgress{tally: p.server.tally}
	progress.start(src.size, os.DevNull)
	defer func() { progress.stop(err) }()
	if p.cmd.To.encrypts() {
		return p.encrypt(s, src, progress)
	}
	return p.asItIs(s, src, progress)
}

// open opens what is to be sent.
func (p *pusher) open(s sending) (*input, error) {
	if s.folder != nil {
		return s.folder.open(s.path)
	}
	return p.cmd.Source.open(p.app, s.file)
}

// encrypt encrypts a file on the way.
func (p *pusher) encrypt(s sending, src *input, progress *transferProgress) error {
	plain, err := src.look()
	if err != nil {
		return err
	}
	replaced := ""
	if p.cmd.Overwrite {
		replaced = "what is there"
	}
	if err := p.cmd.Source.admit(p.app, src, plain, replaced); err != nil {
		if errors.Is(err, errEncrypted) {
			err = withHints(err, "if it is to go as it is, leave out -r, -p and --sign", "if it is to be encrypted once more, use --force")
		}
		return err
	}
	if err := p.getRecipients(); err != nil {
		return err
	}
	return p.stream(s.name, src.size, progress, func(dst io.Writer) error { return p.sealer.seal(dst, plain.all) })
}

// getRecipients gets the passphrase, if that is what everything is encrypted with.
func (p *pusher) getRecipients() error {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.sealer.recipients != nil {
		return nil
	}
	return p.sealer.loadRecipients("what is pushed")
}

// asItIs pushes a file that is encrypted, and nothing else: only a header that can be
// parsed shows that, and of a file a length that a whole one can have.
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
		return usageError("is not encrypted", "say who can read it: name a public key with -r, or use a passphrase with -p")
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
		return p.whole(s.name, src, progress)
	}
	if src.size >= 0 { // what was read to its end
		file, err = sniff(src.reader())
		header.Reset()
	}
	if err != nil {
		return err
	}
	return p.stream(s.name, src.size, progress, func(dst io.Writer) error {
		_, err := io.CopyBuffer(dst, io.MultiReader(&header, file), make([]byte, 256<<10))
		return err
	})
}

// whole pushes an encrypted file, of which the server can ask for any part.
func (p *pusher) whole(name string, src *input, progress *transferProgress) error {
	return p.explain(p.server.PushFile(context.Background(), name, ownReaderAt{src.section()}, src.size, p.options(src.size, progress)))
}

// stream pushes what write writes, which need not be there twice. Should write
// fail, the object is not published.
func (p *pusher) stream(name string, size int64, progress *transferProgress, write func(io.Writer) error) error {
	own := func(dst io.Writer) error {
		err := write(dst)
		if err != nil {
			err = &ownError{err}
		}
		return err
	}
	return p.explain(p.server.PushFunc(context.Background(), name, own, p.options(size, progress)))
}

func (p *pusher) explain(err error) error {
	err = p.server.explain(err)
	if p.cmd.Overwrite && errors.Is(err, transfer.ErrExists) {
		// The server does not say which.
		err = withHints(err, "choose another name: either your key may not replace what is there, or the name is that of a folder there, or a part of it that of an object")
	}
	return err
}

// options are for a file of that size. What encrypting adds to it is not worth
// counting.
func (p *pusher) options(size int64, progress *transferProgress) transfer.PushOptions {
	small := size >= 0 && size <= transfer.MaxSmall
	return transfer.PushOptions{Overwrite: p.cmd.Overwrite, Small: small, Buffer: int64(p.cmd.Buffer), Progress: func(durable int64) {
		if size >= 0 {
			durable = min(durable, size)
		}
		progress.reached(durable)
	}}
}

// ownReaderAt marks the errors of a file as this side's own.
type ownReaderAt struct{ *io.SectionReader }

func (r ownReaderAt) ReadAt(b []byte, offset int64) (int, error) {
	n, err := r.SectionReader.ReadAt(b, offset)
	if err != nil && err != io.EOF {
		err = &ownError{err}
	}
	return n, err
}
