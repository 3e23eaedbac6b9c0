// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
)

// isStdio reports whether name stands for standard input or output.
func isStdio(name string) bool { return name == "" || name == "-" }

// input is a file or standard input.
type input struct {
	*os.File
	name  string // for messages
	start int64  // where it begins in the file: it may have been read in part
	size  int64  // bytes that are left to read, -1 if unknown

	head, unread []byte // of an encrypted file, and what Read has not returned of it: see head.go
	completed    []byte // the head in the log, if that of the file may be torn
	torn         bool   // head is that in the log
	onTorn       func() // called when that comes true, or nil

	producer *producer // of what is read, or nil
}

// all returns what reads the input from where it begins: of a file again and again.
func (in *input) all() io.Reader {
	if in.size >= 0 {
		return &wholeReader{in: in, src: io.NewSectionReader(in, in.start, in.size)}
	}
	return in.whole()
}

// Close closes the input, and ends what produces it.
func (in *input) Close() error {
	in.producer.stop()
	return in.File.Close()
}

// openInput opens the input of that name.
func (a *app) openInput(name string) (*input, error) {
	if isStdio(name) {
		if closedAtStart(a.stdin) {
			return nil, &fs.PathError{Op: "read", Path: "standard input", Err: errClosed}
		}
		return newInput(a.stdin, "standard input")
	}
	if a.isClosed(name) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errClosed}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return newInput(f, name)
}

// isClosed reports whether a name stands for a standard stream that was closed when the
// process began.
func (a *app) isClosed(name string) bool {
	for i, f := range []*os.File{a.stdin, a.stdout.file, a.stderr.file} {
		switch name {
		case f.Name(), fmt.Sprint("/dev/fd/", i), fmt.Sprint("/proc/self/fd/", i):
			return closedAtStart(f)
		}
	}
	return false
}

func newInput(f *os.File, name string) (*input, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	widen(f)
	in := &input{File: f, name: name, size: -1}
	if info.Mode().IsRegular() {
		if in.start, err = f.Seek(0, io.SeekCurrent); err != nil {
			return nil, err
		}
		in.size = max(info.Size()-in.start, 0)
	}
	return in, nil
}

// whole returns a reader of what is left of the input. A file that ends before the
// end that it had when it was opened is an error: somebody cuts it or writes it anew.
func (in *input) whole() io.Reader {
	if in.producer != nil {
		return in.producer
	}
	return &wholeReader{in: in, src: in}
}

type wholeReader struct {
	in   *input
	src  io.Reader
	read int64
}

func (r *wholeReader) Read(b []byte) (int, error) {
	n, err := r.src.Read(b)
	r.read += int64(n)
	if err == io.EOF && r.read < r.in.size {
		err = in(r.in.name, errShorter(r.in.size))
	}
	return n, err
}

// errShorter is for an input that had so many bytes at first.
func errShorter(size int64) error {
	return &failure{fmt.Errorf("the file has become shorter: it had %d bytes", size), exitIO,
		[]string{"nothing may write to it meanwhile: try again when it is whole"}}
}

// sniffed is an input whose first bytes have been looked at.
type sniffed struct {
	io.Reader        // of the binary form
	begin     []byte // first bytes, for hints
	armored   bool
}

// sniff recognises armor, and takes it off.
func sniff(r io.Reader) (*sniffed, error) {
	// Reads that are larger than this buffer pass it by: it costs no copy.
	b := bufio.NewReaderSize(r, 4096)
	armored, err := armor.Detect(b)
	if err != nil {
		return nil, err
	}
	begin, _ := b.Peek(min(32, max(b.Buffered(), 1)))
	s := &sniffed{Reader: b, begin: begin, armored: armored}
	if armored {
		s.Reader = armor.NewReader(b)
	}
	return s, nil
}

// sizes returns the length of the binary file, whose header has been read, and that of
// its contents. The error tells if no whole file has that length. What length does not
// tell, for armor and where it is negative, is read to its end.
func (f *sniffed) sizes(info *pqenc.Info, length int64) (file, contents int64, err error) {
	if f.armored || length < 0 {
		body, err := io.Copy(io.Discard, f)
		if err != nil {
			return 0, 0, err
		}
		length = int64(info.HeaderSize) + body
	}
	contents, err = info.ContentSize(length)
	return length, contents, err
}

// output is where the result goes: a file that appears whole or not at all, or
// standard output.
type output struct {
	io.Writer
	file *durable.File // nil for standard output
	std  *results      // nil for a file
}

// openOutput opens the output of that name. It refuses the file that in reads,
// by whatever name.
func (a *app) openOutput(name string, in *input, o durable.Options) (*output, error) {
	if isStdio(name) {
		a.stdout.used = true // also for no contents
		if closedAtStart(a.stdout.file) {
			return nil, &fs.PathError{Op: "write", Path: "standard output", Err: errClosed}
		}
		if in.is(a.stdout.file.Stat()) {
			return nil, usageError("standard output is the input", "choose another name for the output")
		}
		if terminal.Is(a.stdout.file) && name == "" {
			return &output{Writer: &terminal.TextWriter{W: a.stdout}, std: a.stdout}, nil
		}
		widen(a.stdout.file)
		return &output{Writer: a.stdout, std: a.stdout}, nil
	}
	if a.isClosed(name) {
		return nil, &fs.PathError{Op: "write", Path: name, Err: errClosed}
	}
	if in.is(os.Stat(name)) {
		return nil, usageError(name+" is the input, which -o would replace",
			"choose another name, and remove the input once the output is there")
	}
	f, err := a.create(name, o)
	if err != nil {
		return nil, err
	}
	return &output{Writer: f, file: f}, nil
}

// replaces returns the name of the file that is there already, empty if there is none.
func (o *output) replaces() string {
	if o.file == nil {
		return ""
	}
	if info, err := os.Stat(o.file.Name()); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return o.file.Name()
}

// staged reports whether an output of that name would appear only when it is whole.
func staged(name string) bool { return !isStdio(name) && durable.Atomic(name) }

// is reports whether info describes the file, or the block device, that is the
// input, also by another name.
func (in *input) is(info fs.FileInfo, err error) bool {
	if in.File == nil || err != nil {
		return false
	}
	own, err := in.Stat()
	return err == nil && (in.size >= 0 && os.SameFile(own, info) || sameDevice(own, info))
}

// private reports whether the input is a file that not everybody can read. Its group
// need not be that of the output.
func (in *input) private() bool {
	if in.size < 0 {
		return false
	}
	info, err := in.Stat()
	return err == nil && info.Mode()&0o004 == 0
}

// hideKey makes an output private that is a private key, of any program.
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

// finish ends the output: with err nil it is kept, else nothing of it stays.
func (o *output) finish(err error) error {
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
