// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/transfer"
)

// download is the pull of one object.
type download struct {
	cmd          *pullCmd
	puller       *puller
	server       *remote
	name, output string
	keys         *identities
	progress     *transferProgress
	say          func() // prints the signer, or nil
}

// direct pulls to an output that cannot be resumed, such as a pipe.
func (d *download) direct() error {
	src := new(incoming)
	src.start(d, nil)
	o, err := d.open(src, nil)
	if err == nil && !staged(d.output) && !d.cmd.Stream.StreamUnverified && len(d.puller.policy.From) > 0 {
		err = tooSoon(&sniffed{armored: true}) // it is not a file that can be read twice either
	}
	if err != nil {
		return src.end(err)
	}
	out, err := d.puller.app.openOutput(d.output, &input{size: -1}, d.options())
	if err != nil {
		return src.end(err)
	}
	_, err = o.WriteTo(out)
	if err = out.finish(src.end(err)); err == nil {
		d.sayWho(o.Signature())
	}
	return err
}

// options returns the options of the output.
func (d *download) options() durable.Options {
	return durable.Options{New: d.cmd.Keep.NoClobber && !isStdio(d.output)}
}

// sayWho prepares a message on the signer; it names the file if it is one of several.
func (d *download) sayWho(s *pqenc.Signature) {
	what := ""
	if d.puller.into != nil {
		what = d.output
	}
	if s != nil {
		d.say = func() { d.puller.app.sayWho(what, s) }
	}
}

// small pulls one of many small files. It cannot be resumed, and the batch syncs it.
func (d *download) small() error {
	src := new(incoming)
	src.start(d, nil)
	o, err := d.open(src, nil)
	if err != nil {
		return src.end(err)
	}
	app := d.puller.app
	out, err := app.createIn(&d.puller.batch, d.output, d.options())
	if err != nil {
		return src.end(err)
	}
	defer app.ended(out)
	_, err = o.WriteTo(out)
	if err = src.end(err); err != nil {
		return errors.Join(err, out.Abort())
	}
	hideKey(out)
	if err := out.Commit(); err != nil {
		return err
	}
	d.sayWho(o.Signature())
	return nil
}

// resume pulls to a file, continuing an earlier pull if that is wanted and possible.
func (d *download) resume(wanted bool) error {
	part, err := d.puller.app.createPart(d.output, d.options())
	if errors.Is(err, durable.ErrNoPartial) {
		return d.direct()
	}
	if err != nil {
		return err
	}
	defer d.puller.app.partEnded(part)
	src := new(incoming)
	var from *checkpoint
	var o object
	if wanted {
		from = readCheckpoint(part.State())
	}
	if from != nil {
		// This reads nothing from the server yet. If it fails, the object on the server
		// may be a different one, which may succeed.
		o, err = d.open(src, from)
		if errors.Is(err, recipient.ErrWrongPassphrase) { // do not try again
			err = withHints(errWrongPassphrase, "a part of the file was pulled before: if the file has another passphrase now, delete the part, "+part.PartName())
			return errors.Join(err, part.Close())
		}
		if err != nil {
			from = nil
		}
	}
	src.start(d, from)
	if from == nil {
		o, err = d.open(src, nil)
	}
	if err != nil {
		return d.leave(part, src.end(err))
	}
	end := func(err error) error {
		d.progress.syncing()
		return src.end(err)
	}
	if err := fill(part, o, from, end); err != nil {
		return err
	}
	d.sayWho(o.Signature())
	return nil
}

// leave closes a part to which nothing was added. The part is kept for another pull,
// unless the object no longer exists.
func (d *download) leave(part *durable.Partial, err error) error {
	if errors.Is(err, transfer.ErrNotFound) {
		return errors.Join(err, part.Remove())
	}
	return closeForLater(part, err)
}

// fill appends the object to the file, starting at the checkpoint if that is not nil.
// After reading everything it calls end with the error so far, and returns the error that
// end returns.
func fill(part *durable.Partial, o object, from *checkpoint, end func(error) error) error {
	var length int64
	if from != nil {
		length = from.length
	}
	if err := part.Begin(length); err != nil {
		end(err)
		return closeForLater(part, err)
	}
	w := newSaver(part, o, length)
	_, err := o.WriteTo(w)
	err = end(err)
	useless := classify(err) == exitDamaged || classify(err) == exitSigner || errors.Is(err, transfer.ErrNotFound)
	saved := w.end(err != nil && !useless)
	if !useless {
		err = cmp.Or(saved, err)
	}
	switch {
	case err == nil:
		hideKey(part)
		return resumable(part, part.Commit())
	case useless || part.Durable() == 0: // there is nothing to resume
		return errors.Join(err, part.Remove())
	}
	return closeForLater(part, err)
}

// closeForLater closes an output after an error, and adds to the error what was kept.
func closeForLater(part *durable.Partial, err error) error {
	return resumable(part, errors.Join(err, part.Close()))
}

// object is the object being pulled, decrypted or not.
type object interface {
	contents
	// checkpoint returns a state from which another process can resume. It must be called
	// on the goroutine of WriteTo.
	checkpoint() *checkpoint
}

// open opens the object that src delivers: all of it, or what follows from.
func (d *download) open(src io.Reader, from *checkpoint) (object, error) {
	if from != nil && d.cmd.Raw != (from.mark == nil) {
		return nil, pqenc.ErrMark
	}
	if from != nil && d.cmd.Raw {
		return &encrypted{src: src, header: from.header, offset: from.length}, nil
	}
	if from != nil {
		r, err := pqenc.Resume(from.mark, io.MultiReader(bytes.NewReader(from.header), src), d.puller.policy, d.keys.list...)
		return &decrypted{r, from.header}, err
	}
	var header bytes.Buffer
	_, err := format.Parse(io.TeeReader(src, &header))
	all := io.MultiReader(bytes.NewReader(header.Bytes()), src)
	if err == nil && d.cmd.Raw {
		return &encrypted{src: all, header: header.Bytes()}, nil
	}
	var r *pqenc.Reader
	if err == nil {
		r, err = pqenc.DecryptSigned(all, d.puller.policy, d.keys.list...)
	}
	if err != nil {
		return nil, d.keys.explain(err, header.Bytes())
	}
	return &decrypted{r, header.Bytes()}, nil
}

// decrypted is an object that is pulled decrypted.
type decrypted struct {
	*pqenc.Reader
	header []byte
}

func (o *decrypted) checkpoint() *checkpoint {
	mark := o.Mark()
	return &checkpoint{length: mark.Content(), mark: mark, header: o.header}
}

// encrypted is an object that is pulled unchanged.
type encrypted struct {
	src    io.Reader
	header []byte
	offset int64 // of the next byte
}

func (o *encrypted) Signature() *pqenc.Signature { return nil }

func (o *encrypted) WriteTo(dst io.Writer) (written int64, err error) {
	b := make([]byte, 256<<10)
	for {
		n, err := o.src.Read(b)
		o.offset += int64(n)
		m, failed := dst.Write(b[:n])
		written += int64(m)
		if failed != nil {
			o.offset -= int64(n - m)
			return written, failed
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

func (o *encrypted) checkpoint() *checkpoint {
	return &checkpoint{length: o.offset, header: o.header}
}

// incoming is an object in flight, as a reader of its bytes.
type incoming struct {
	*transfer.Reader
	offset   int64 // of the next byte
	server   *remote
	progress *transferProgress
}

// start starts pulling what follows from.
func (i *incoming) start(d *download, from *checkpoint) {
	o := transfer.PullOptions{Follow: d.cmd.Follow, Small: d.puller.into != nil}
	if from != nil {
		o.Offset, o.Digest, o.Header = from.offset(), from.headerDigest(), from.header
	}
	o.Started = func(length int64) error {
		d.progress.start(length, d.output)
		d.progress.resumed(o.Offset)
		return nil
	}
	i.offset, i.server, i.progress = o.Offset, d.server, d.progress
	i.Reader = d.server.Reader(context.Background(), d.name, o)
}

func (i *incoming) Read(b []byte) (int, error) {
	n, err := i.Reader.Read(b)
	if n > 0 {
		i.offset += int64(n)
		i.progress.reached(i.offset)
	}
	return n, err
}

// end stops the pull, and returns the reason if it failed: its own error, or else err,
// the error of its reader.
func (i *incoming) end(err error) error {
	if pulled := i.Close(); pulled != nil {
		return i.server.explain(pulled)
	}
	return err
}
