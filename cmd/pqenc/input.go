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

// input is the input of a command: a stream, such as a pipe, or a file that can be read
// at any offset. Such a file has a size, and the engine reads its [input.section] on all
// cores.
type input struct {
	name string // for messages

	stream io.Reader   // of a stream
	at     io.ReaderAt // of a file
	start  int64       // offset at which the input starts: a file may have been read in part
	size   int64       // from start, in bytes; -1 for a stream
	atOnce int         // concurrent reads; 0: one per core

	file     *os.File                       // of both, or nil
	modified time.Time                      // modification time before anything was read
	web      *web.File                      // the file that at reads, or nil
	closer   io.Closer                      // if it is not a file
	arrived  atomic.Pointer[progress.Meter] // counts bytes from a web server, or nil
	producer *producer                      // command of --from-command, or nil

	head      []byte // header of an encrypted file, see head.go
	completed []byte // header in the log, if that of the file may be torn
	torn      bool   // head is the one in the log
	onTorn    func() // called when torn becomes true, or nil
}

// openInput opens the named input.
func (a *app) openInput(name string) (*input, error) {
	if isStdio(name) {
		if closedAtStart(a.stdin) {
			return nil, &fs.PathError{Op: "read", Path: "standard input", Err: errClosed}
		}
		return newInput(a.stdin, "standard input")
	}
	if web.IsURL(name) { // its text may contain secrets
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
	in := &input{name: name, file: f, modified: info.ModTime()}
	if !info.Mode().IsRegular() || sizeless(f, info) {
		widen(f)
		in.stream, in.size = f, -1
		return in, nil
	}
	if in.start, err = f.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	in.at, in.size = f, max(info.Size()-in.start, 0)
	return in, nil
}

// sizeless reports whether a file of size 0 has contents, like those in /proc.
func sizeless(f *os.File, info fs.FileInfo) bool {
	if info.Size() > 0 {
		return false
	}
	n, err := f.ReadAt(make([]byte, 1), 0)
	return n > 0 || err != io.EOF
}

// Close closes the input, and stops the command that produces it.
func (in *input) Close() error {
	in.producer.stop()
	if in.closer != nil {
		return in.closer.Close()
	}
	return in.file.Close()
}

// measure makes a meter count the bytes that are read from now on.
func (in *input) measure(m *progress.Meter) {
	if in.closer != nil { // it counts arriving bytes, since a read may take long
		in.arrived.Store(m)
		return
	}
	in.stream, in.at = m.Reader(in.stream), m.ReaderAt(in.at)
}

// whole returns the input if it is on a web server that cannot send parts of files, or
// nil.
func (in *input) whole() *web.Body {
	b, _ := in.stream.(*web.Body)
	return b
}

// total returns the number of bytes to read, -1 if unknown. It is only for the meter: a
// server may not keep to the length that it states.
func (in *input) total() int64 {
	if b := in.whole(); b != nil {
		return b.Size()
	}
	return in.size
}

// reader returns a reader from the start of the input: the section if there is one. A
// stream continues at its present position.
func (in *input) reader() io.Reader {
	if s := in.section(); s != nil {
		return s
	}
	return inOrder{in}
}

// section returns a reader at any offset, or nil for a stream.
func (in *input) section() *io.SectionReader {
	if in.size < 0 {
		return nil
	}
	return io.NewSectionReader(byOffset{in}, in.start, in.size)
}

// inOrder reads a stream.
type inOrder struct{ *input }

func (in inOrder) Read(b []byte) (int, error) { return in.stream.Read(b) }

// byOffset reads a file at any offset. It returns an error if the file ends before the
// end that it had when it was opened: another program truncated or rewrote it.
type byOffset struct{ *input }

func (in byOffset) ReadAt(b []byte, offset int64) (n int, err error) {
	if offset >= 0 && offset < int64(len(in.head)) { // of a file read from offset 0
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

// Concurrency returns the number of concurrent reads for the engine.
func (in byOffset) Concurrency() int { return cmp.Or(in.atOnce, cores) }

// unchanged returns an error if the end of a file has moved since it was opened: the
// bytes read may be a part, or a mix of two versions.
func (in *input) unchanged() error {
	if in.size < 0 || in.file == nil {
		return nil
	}
	info, err := in.file.Stat()
	switch end := in.start + in.size; {
	case err != nil:
		return err
	case info.Size() < end && in.size > 0: // otherwise reading started after its end
		return in.changed("shorter")
	case info.Size() > end:
		return in.changed("longer")
	}
	return nil
}

// steady is like unchanged for commands that finish anyway. The error has the exit code
// [exitUnsteady] if the file grew, so that its original part was read, or if it was
// written to.
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

// isUnsteadyError reports whether an error is about a file that counts as done.
func isUnsteadyError(err error) bool {
	f, ok := err.(*failure)
	return ok && f.code == exitUnsteady
}

// count makes the progress of a file count the bytes that are read from now on.
func (in *input) count(p *fileProgress) {
	if in.size >= 0 {
		in.at = &countedReaderAt{src: in.at, progress: p, passes: 1}
	}
}

// changed returns the error for a file whose size changed.
func (in *input) changed(how string) error {
	err := fmt.Errorf("the file has become %s: it had %d bytes", how, in.start+in.size)
	return &failure{&fs.PathError{Op: "read", Path: in.name, Err: err}, exitIO,
		[]string{"another program is writing to it: try again when that is done"}}
}

// is reports whether info describes the file or block device of the input, under any
// name.
func (in *input) is(info fs.FileInfo, err error) bool {
	if err != nil {
		return false
	}
	own, err := in.file.Stat() // fails if there is no file
	return err == nil && (in.size >= 0 && os.SameFile(own, info) || sameDevice(own, info))
}

// private reports whether the input is a file that not everybody can read. The group bits
// do not count: the output may have another group.
func (in *input) private() bool {
	info, err := in.file.Stat()
	return err == nil && in.size >= 0 && info.Mode()&0o004 == 0
}
