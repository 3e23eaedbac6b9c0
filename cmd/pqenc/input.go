// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/internal/progress"
	web "github.com/pqenc/pqenc/remote"
)

// input is what a command reads: in order, as a pipe, or by offset, as a file. What is
// read by offset has a size, and the engine reads its [input.section] on all cores.
type input struct {
	name string // for messages

	stream io.Reader   // what is read in order, or
	at     io.ReaderAt // by offset
	start  int64       // where the input begins in at: a file may have been read in part
	size   int64       // from there on, in bytes; -1 for what is read in order
	atOnce int         // reads that should be under way; 0: one a core

	file     *os.File                       // of both, nil for what is none
	modified time.Time                      // when it was, before anything was read
	web      *web.File                      // what at reads, or nil
	closer   io.Closer                      // of what is no file
	arrived  atomic.Pointer[progress.Meter] // of bytes from a web server, or nil
	producer *producer                      // of what is read, or nil

	head      []byte // of an encrypted file, see head.go
	completed []byte // the head in the log, if that of the file may be torn
	torn      bool   // head is that in the log
	onTorn    func() // called when that comes true, or nil
}

// openInput opens the input of that name.
func (a *app) openInput(name string) (*input, error) {
	if isStdio(name) {
		if closedAtStart(a.stdin) {
			return nil, &fs.PathError{Op: "read", Path: "standard input", Err: errClosed}
		}
		return newInput(a.stdin, "standard input")
	}
	if web.IsURL(name) { // whose text may have secrets in it
		return nil, errOnlyRead(name)
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

func newInput(f *os.File, name string) (*input, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	widen(f)
	in := &input{name: name, file: f, modified: info.ModTime()}
	if !info.Mode().IsRegular() || sizeless(f, info) {
		in.stream, in.size = f, -1
		return in, nil
	}
	if in.start, err = f.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	in.at, in.size = f, max(info.Size()-in.start, 0)
	return in, nil
}

// sizeless reports whether a file has something in it although its size is 0, as those of
// /proc have.
func sizeless(f *os.File, info fs.FileInfo) bool {
	if info.Size() > 0 {
		return false
	}
	n, err := f.ReadAt(make([]byte, 1), 0)
	return n > 0 || err != io.EOF
}

// Close closes the input, and ends what produces it.
func (in *input) Close() error {
	in.producer.stop()
	if in.closer != nil {
		return in.closer.Close()
	}
	return in.file.Close()
}

// measure has a meter count what is read from now on.
func (in *input) measure(m *progress.Meter) {
	if in.closer != nil { // it counts what arrives: a read may take long
		in.arrived.Store(m)
		return
	}
	in.stream, in.at = m.Reader(in.stream), m.ReaderAt(in.at)
}

// whole returns the input if it is on a web server that sends whole files only, else nil.
func (in *input) whole() *web.Body {
	b, _ := in.stream.(*web.Body)
	return b
}

// total returns how many bytes there are to be read, for the meter only: a server may
// state a length that it does not keep to. It is -1 if nobody knows.
func (in *input) total() int64 {
	if b := in.whole(); b != nil {
		return b.Size()
	}
	return in.size
}

// reader returns what reads the input from its start: the section, if it has one. What
// can only be read in order continues where it is.
func (in *input) reader() io.Reader {
	if s := in.section(); s != nil {
		return s
	}
	return inOrder{in}
}

// section returns the input as it is read by offset, nil if it can only be read in order.
func (in *input) section() *io.SectionReader {
	if in.size < 0 {
		return nil
	}
	return io.NewSectionReader(byOffset{in}, in.start, in.size)
}

// inOrder reads an input that has no section.
type inOrder struct{ *input }

func (in inOrder) Read(b []byte) (int, error) { return in.stream.Read(b) }

// byOffset reads an input that has a section. A file that ends before the end that it had
// when it was opened is an error: it was truncated or written again.
type byOffset struct{ *input }

func (in byOffset) ReadAt(b []byte, offset int64) (n int, err error) {
	if offset >= 0 && offset < int64(len(in.head)) { // of a file that is read from offset 0
		n = copy(b, in.head[offset:])
	}
	if n < len(b) {
		var more int
		more, err = in.at.ReadAt(b[n:], offset+int64(n))
		n += more
	}
	if err == io.EOF && offset+int64(n) < in.start+in.size {
		err = in.changed("shorter")
	}
	return n, err
}

// Concurrency returns how many reads the engine should have under way.
func (in byOffset) Concurrency() int { return cmp.Or(in.atOnce, cores) }

// unchanged fails if a file that was read by offset does not end any more where it did:
// what was read may be a part of it, or of two versions.
func (in *input) unchanged() error {
	if in.size < 0 || in.file == nil {
		return nil
	}
	info, err := in.file.Stat()
	switch end := in.start + in.size; {
	case err != nil:
		return err
	case info.Size() < end && in.size > 0: // else it began after its end
		return in.changed("shorter")
	case info.Size() > end:
		return in.changed("longer")
	}
	return nil
}

// steady is unchanged for what is done all the same: the error has the exit code
// [exitUnsteady] if the file became longer, so that the part was read that was there at the
// start, or was written to.
func (in *input) steady() error {
	if in.size < 0 || in.file == nil {
		return nil
	}
	info, err := in.file.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() < in.start+in.size && in.size > 0:
		return in.changed("shorter")
	case info.Size() > in.start+in.size:
		err = fmt.Errorf("the file grew while it was read: its first %d bytes were used", in.start+in.size)
	case !info.ModTime().Equal(in.modified):
		err = errors.New("the file was written to while it was read: the result may mix old and new contents")
	}
	if err == nil {
		return nil
	}
	return &failure{&fs.PathError{Op: "read", Path: in.name, Err: err}, exitUnsteady, nil}
}

// isUnsteadyError reports whether an error is one of a file that is done.
func isUnsteadyError(err error) bool {
	f, ok := err.(*failure)
	return ok && f.code == exitUnsteady
}

// count has the progress of a file count what is read from now on.
func (in *input) count(p *fileProgress) {
	if in.size >= 0 {
		in.at = &countedReaderAt{src: in.at, progress: p, passes: 1}
	}
}

// changed is for a file that has another size now.
func (in *input) changed(how string) error {
	err := fmt.Errorf("the file has become %s: it had %d bytes", how, in.start+in.size)
	return &failure{&fs.PathError{Op: "read", Path: in.name, Err: err}, exitIO,
		[]string{"another program is writing to it: try again when that is done"}}
}

// is reports whether info describes the file, or the block device, that is the
// input, also by another name.
func (in *input) is(info fs.FileInfo, err error) bool {
	if err != nil {
		return false
	}
	own, err := in.file.Stat() // which fails if there is none
	return err == nil && (in.size >= 0 && os.SameFile(own, info) || sameDevice(own, info))
}

// private reports whether the input is a file that not everybody can read. Its group
// need not be that of the output.
func (in *input) private() bool {
	info, err := in.file.Stat()
	return err == nil && in.size >= 0 && info.Mode()&0o004 == 0
}
