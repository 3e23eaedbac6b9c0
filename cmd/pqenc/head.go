// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
)

// A header that is replaced in place may be torn when the power fails. The log beside the
// file completes it (SPEC.md, section 3.6): who reads contents uses that in memory, who
// passes files on refuses, and rewrap alone repairs.

const repairHint = `complete it with "pqenc rewrap --repair FILE", which needs no key`

// openEncrypted opens an encrypted file for reading.
func (a *app) openEncrypted(name string) (*input, error) {
	in, err := a.openInput(name)
	if err != nil || isStdio(name) {
		return in, err
	}
	if err := in.complete(func(size int) ([]byte, bool, error) { return durable.ReadHead(in.File, name, size) }); err != nil {
		in.Close()
		return nil, err
	}
	if in.torn {
		a.warn("%s: %v, and read from the log beside the file: %s", name, durable.ErrTorn, repairHint)
	}
	return in, nil
}

// complete has the input begin with the header that read returns, if it is a file with a
// header of that size.
func (in *input) complete(read func(size int) (head []byte, torn bool, err error)) error {
	if in.size < 0 || in.start != 0 {
		return nil // not the whole file, or none
	}
	prefix := make([]byte, format.PrefixSize)
	n, _ := in.File.ReadAt(prefix, 0) // whoever reads the file will see the error
	head, torn, err := read(format.SizeOf(prefix[:n]))
	if err != nil || head == nil {
		return err
	}
	if _, err := in.File.Seek(int64(len(head)), io.SeekStart); err != nil {
		return err
	}
	in.head, in.torn, in.unread = head, torn, head
	return nil
}

// Read reads the input from where it is, the header first.
func (in *input) Read(b []byte) (int, error) {
	if len(in.unread) == 0 {
		return in.File.Read(b)
	}
	n := copy(b, in.unread)
	in.unread = in.unread[n:]
	return n, nil
}

// ReadAt reads the input as [io.ReaderAt] has it.
func (in *input) ReadAt(b []byte, offset int64) (int, error) {
	if offset < 0 || offset >= int64(len(in.head)) {
		return in.File.ReadAt(b, offset)
	}
	n := copy(b, in.head[offset:])
	if n == len(b) {
		return n, nil
	}
	more, err := in.File.ReadAt(b[n:], int64(len(in.head)))
	return n + more, err
}

// WriteTo writes the input from where it is to dst. It hides that of the file, which knows
// of no other header.
func (in *input) WriteTo(dst io.Writer) (int64, error) {
	return io.Copy(dst, struct{ io.Reader }{in})
}

// intact requires that what is sent is whole without the log beside it.
func (s sending) intact(src *input) error {
	if s.isStdin() {
		return nil
	}
	if err := s.completeHead(src); err != nil {
		return err
	}
	if src.torn {
		return durable.ErrTorn
	}
	return nil
}

// completeHead has the input, which is this file, begin with its whole header.
func (f found) completeHead(src *input) error {
	return src.complete(func(size int) ([]byte, bool, error) {
		if f.folder != nil {
			return f.folder.readHead(f.path, src.File, size)
		}
		return durable.ReadHead(src.File, f.file, size)
	})
}
