// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/batch"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
	web "github.com/pqenc/pqenc/remote"
)

const batchHint = "docs/batch.md describes requests and answers"

// batch answers requests for parts of files until the end of standard input.
func (r *reading) batch() error {
	requests, err := r.app.openInput("-")
	if err != nil {
		return err
	}
	if err := r.Secret.check(requests, len(r.named) > 0); err != nil {
		return err
	}
	out, err := r.app.openOutput("", requests, durable.Options{})
	if err != nil {
		return err
	}
	s := batch.New(r.app.stdin, out, batch.Config{Open: r.open, Distant: web.IsURL, Explain: failureOf})
	for _, name := range r.Files {
		if err := s.Preload(name); err != nil {
			return out.finish(err)
		}
	}
	stdout := r.app.stdout.file.Fd()
	go func() {
		if awaitNoReader(stdout) {
			s.Stop(errReaderGone)
		}
	}()
	return out.finish(s.Serve())
}

// failureOf returns the JSON form of an error.
func failureOf(err error) batch.Failure {
	code, hints := codeOf(err)
	f := batch.Failure{Code: codeNames[code], Message: terminal.Printable(plain(err))}
	for _, h := range append(signerHints(err), hints...) {
		if h != ownHelp { // useless for a program
			f.Hints = append(f.Hints, terminal.Printable(h))
		}
	}
	var errno syscall.Errno
	if code == exitIO && errors.As(err, &errno) {
		f.Errno = int(errno)
	}
	return f
}

// codeNames are the names of the exit codes for answers, which have no exit code.
var codeNames = map[int]string{
	exitIO: "io", exitUsage: "usage", exitNoKey: "no-key", exitDamaged: "damaged", exitSigner: "signer",
	exitUnsupported: "unsupported", exitKeyFile: "key-file", exitRefused: "refused", exitServer: "server",
	exitConnection: "connection",
}

// open opens the file named in a request.
func (r *reading) open(src batch.Source) (batch.File, error) {
	input, err := r.input(src)
	if err != nil {
		return nil, err
	}
	f, err := r.contents(src, input)
	if err != nil {
		input.Close()
		return nil, in(input.name, err)
	}
	return &batchFile{f, input}, nil
}

// input opens the encrypted file.
func (r *reading) input(src batch.Source) (*input, error) {
	name := src.Name
	if isURL(name) { // its text may contain secrets
		name = web.Name(name)
	}
	if r.Only && (src.Digests != "" || src.Parent == nil && !slices.Contains(r.Files, src.Name)) {
		return nil, in(name, errNotNamed)
	}
	if src.Digests != "" {
		if err := readable(src.Digests); err != nil {
			return nil, err
		}
	}
	if p := src.Parent; p != nil {
		return &input{name: name, at: p, size: p.Size(), atOnce: p.Concurrency()}, nil
	}
	if err := readable(src.Name); err != nil {
		return nil, err
	}
	return r.app.openEncrypted(src.Name, urlFlags{RangeOnly: true})
}

// contents opens the decrypted contents, and verifies the signer.
func (r *reading) contents(src batch.Source, input *input) (*pqenc.File, error) {
	o := &opener{app: r.app, src: input, policy: r.policy, keys: r.keys(input.name), flags: partFlags{Digests: src.Digests}}
	verify := len(r.policy.From) > 0 && !r.Stream.StreamUnverified
	switch {
	case src.Digests != "" && len(r.policy.From) == 0:
		return nil, usageError("digests need --from", "start pqenc with --from PUB")
	case src.Digests == "" && src.Parent == nil:
		o.beside = digestsOf(src.Name)
	case src.Digests == "" && verify:
		return nil, errOnlyParts
	}
	file, err := o.look()
	if err == nil {
		err = o.atRandom(file)
	}
	if err != nil {
		return nil, err
	}
	plain, err := o.part(verify || src.Digests != "")
	if err != nil {
		return nil, o.keys.explain(err, file.begin)
	}
	return plain.(part).File, nil
}

// errOnlyParts is for a file that the parent reads: verifying its signer would read the
// whole file first.
var errOnlyParts = &failure{errors.New("the signature covers the whole file, and only parts are read"), exitSigner,
	[]string{`name the list that "pqenc verify --write-digests" makes as "digests", or accept contents of any recipient with --stream-unverified`}}

// errNotNamed is for a file that --only does not allow.
var errNotNamed = &failure{errors.New("--only allows only the files named on the command line, and no lists of digests"), exitUsage, nil}

// readable returns an error unless the file is regular or a URL: opening a pipe would
// wait for its writer, and standard input carries the requests.
func readable(name string) error {
	if isStdio(name) {
		return usageError("with --batch, standard input carries the requests and cannot be a file", "write ./- for a file of that name")
	}
	if web.IsURL(name) {
		return nil
	}
	err := regular(name)
	if errors.Is(err, fs.ErrNotExist) && isURL(name) {
		return withHints(&fs.PathError{Op: "open", Path: web.Name(name), Err: syscall.ENOENT}, "only http:// and https:// are read: for others, answer up-calls")
	}
	return err
}

// regular returns an error unless a name is that of a regular file.
func regular(name string) error {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return in(name, durable.ErrNotRegular)
	}
	return err
}

// batchFile is an open file for requests.
type batchFile struct {
	*pqenc.File
	src *input
}

// Close implements [batch.File].
func (f *batchFile) Close() error { return f.src.Close() }

// ReadAt implements [batch.File].
func (f *batchFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	if err != io.EOF {
		err = in(f.src.name, f.src.doubt(err))
	}
	return n, err
}

// WriteRange implements [batch.File].
func (f *batchFile) WriteRange(dst io.Writer, off, n int64) (int64, error) {
	n, err := f.File.WriteRange(dst, off, n)
	return n, in(f.src.name, f.src.doubt(err))
}

// fileStat is the description of a file for a program.
type fileStat struct {
	FileSize    int64      `json:"file_size"`
	ContentSize int64      `json:"content_size"`
	Signature   *sigReport `json:"signature"` // null if unsigned
}

func (f *batchFile) Stat() any { return fileStat{f.src.size, f.Size(), reportOf(f.Signature())} }
