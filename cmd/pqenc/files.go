// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
)

// isStdio reports whether name stands for standard input or output.
func isStdio(name string) bool { return name == "" || name == "-" }

// isClosed reports whether a name stands for a standard stream that was closed when the
// process started.
func (a *app) isClosed(name string) bool {
	for i, f := range []*os.File{a.stdin, a.stdout.file, a.stderr.file} {
		switch name {
		case f.Name(), fmt.Sprint("/dev/fd/", i), fmt.Sprint("/proc/self/fd/", i):
			return closedAtStart(f)
		}
	}
	return false
}

// output is the output of a command: a file that appears atomically, or standard output.
type output struct {
	io.Writer
	file *durable.File // nil if it is standard output
	std  *results      // nil if it is a file
	app  *app
}

// openOutput opens the named output. It refuses the file that in reads, under any name.
func (a *app) openOutput(name string, in *input, o durable.Options) (*output, error) {
	if isStdio(name) {
		a.stdout.used.Store(true) // also for empty contents
		if closedAtStart(a.stdout.file) {
			return nil, &fs.PathError{Op: "write", Path: "standard output", Err: errClosed}
		}
		if in.is(a.stdout.file.Stat()) {
			return nil, usageError("standard output is the input", "choose another name for the output")
		}
		if terminal.Is(a.stdout.file) && name == "" {
			return &output{Writer: &terminal.TextWriter{W: a.stdout}, std: a.stdout, app: a}, nil
		}
		widen(a.stdout.file)
		return &output{Writer: a.stdout, std: a.stdout, app: a}, nil
	}
	if a.isClosed(name) {
		return nil, &fs.PathError{Op: "write", Path: name, Err: errClosed}
	}
	if in.is(os.Stat(name)) {
		return nil, usageError(name+" is the input, which -o would replace",
			"choose another name, and remove the input afterwards")
	}
	f, err := a.create(name, o)
	if err != nil {
		return nil, err
	}
	return &output{Writer: f, file: f, app: a}, nil
}

// byOffset returns a writer at any offset if the output allows that, or else the output.
func (o *output) byOffset() io.Writer {
	if o.file == nil || !o.file.Atomic() {
		return o
	}
	return io.NewOffsetWriter(o.file, 0)
}

// replaces returns the name of an existing file, or "" if there is none.
func (o *output) replaces() string {
	if o.file == nil {
		return ""
	}
	if info, err := os.Stat(o.file.Name()); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return o.file.Name()
}

// staged reports whether an output of that name appears only when it is complete.
func staged(name string) bool { return !isStdio(name) && durable.Atomic(name) }

// hideKey makes an output private if it is a private key of any program.
func hideKey(f interface {
	io.ReaderAt
	MakePrivate()
}) {
	b := make([]byte, 4096)
	n, _ := f.ReadAt(b, 0)
	if bytes.Contains(b[:n], []byte(" PRIVATE KEY-----")) || bytes.Contains(b[:n], []byte("AGE-SECRET-KEY-")) {
		f.MakePrivate()
	}
}

// finish closes the output and removes the meter. If err is not nil, the output is
// discarded.
func (o *output) finish(err error) error {
	defer o.app.stopMeter()
	if text, ok := o.Writer.(*terminal.TextWriter); ok && err == nil {
		err = text.Close()
	}
	if o.file == nil && err == nil {
		return o.std.Close()
	}
	if o.file == nil {
		return err
	}
	if err != nil {
		return errors.Join(err, o.file.Abort())
	}
	hideKey(o.file)
	o.app.showSyncing()
	return o.file.Commit()
}

// writePublic writes a public key to a new file or to standard output.
func (a *app) writePublic(name string, key []byte) error {
	if isStdio(name) {
		_, err := a.stdout.Write(key)
		return err
	}
	err := durable.WriteNew(name, key, 0o644)
	if exists(err) {
		err = withHints(err, "choose another name with -o, or move the old file away")
	}
	return err
}
