// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
)

// resumable decrypts a file on a web server to the named file, continuing an earlier run.
// It returns false if that is not possible.
func (o *opener) resumable(output string, options durable.Options) (done bool, err error) {
	if file, err := o.look(); err != nil || file.armored {
		return false, err
	}
	part, err := o.app.createPart(output, options)
	if err != nil {
		return false, ignore(err, durable.ErrNoPartial)
	}
	return true, o.download(part)
}

// ignore returns err, or nil if it is an expected error.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// download decrypts a file on a web server to a partial output, which another process can
// resume.
func (o *opener) download(part *durable.Partial) error {
	from := o.checkpoint(part)
	plain, err := o.resume(from)
	if errors.Is(err, pqenc.ErrMark) {
		from = nil
		plain, err = o.resume(nil)
	}
	if err != nil {
		return closeForLater(part, o.keys.explain(err, o.src.head))
	}
	if from != nil {
		o.meter.Reset(from.offset(), o.src.size)
	}
	err = fill(part, plain, from, func(err error) error {
		o.meter.Syncing()
		return err
	})
	o.meter.Stop()
	if err == nil {
		o.app.sayWho("", plain.Signature())
	}
	return o.src.doubt(err)
}

// checkpoint returns the checkpoint of an earlier download of the same version, or nil.
func (o *opener) checkpoint(part *durable.Partial) *checkpoint {
	state, length := part.State()
	version, rest, ok := cutVersion(state)
	switch {
	case !ok:
		return nil
	case version != o.src.version():
		o.app.warn("%s: the file on the server has changed: starting over", o.src.name)
		return nil
	}
	return readCheckpoint(rest, length)
}

// resume opens the contents of the file on the web server after from, or all of them. The
// error is [pqenc.ErrMark] if nothing can follow from.
func (o *opener) resume(from *checkpoint) (*fromURL, error) {
	var r *pqenc.Reader
	var err error
	if from == nil {
		r, err = pqenc.DecryptSigned(o.src.section(), o.policy, o.keys.list...)
	} else if from.mark == nil || from.offset() > o.src.size {
		err = pqenc.ErrMark
	} else {
		rest := remainder{o.src, from.offset() - int64(len(o.src.head))}
		section := io.NewSectionReader(rest, 0, o.src.size-rest.skipped)
		r, err = pqenc.Resume(from.mark, section, o.policy, o.keys.list...)
	}
	if err != nil {
		return nil, err
	}
	return &fromURL{decrypted{r, o.src.head}, o.src.version()}, nil
}

// fromURL is an object at a URL that is decrypted.
type fromURL struct {
	decrypted
	version string
}

func (o *fromURL) checkpoint() *checkpoint {
	c := o.decrypted.checkpoint()
	c.version = o.version
	return c
}

// remainder reads the header of an input, and then continues after the bytes to skip.
type remainder struct {
	in      *input
	skipped int64
}

func (r remainder) ReadAt(b []byte, offset int64) (n int, err error) {
	if offset < int64(len(r.in.head)) {
		n = copy(b, r.in.head[offset:])
	}
	if n == len(b) {
		return n, nil
	}
	more, err := byOffset{r.in}.ReadAt(b[n:], offset+int64(n)+r.skipped)
	return n + more, err
}

// Concurrency is that of the input.
func (r remainder) Concurrency() int { return byOffset{r.in}.Concurrency() }
