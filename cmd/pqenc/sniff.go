// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
)

// peek returns a reader of everything in r, and a buffer for its first 4 KiB. A section
// that is at its start is returned unchanged: the engine reads it at any offset, which is
// not possible through the buffer.
func peek(r io.Reader) (all io.Reader, first *bufio.Reader) {
	if s, ok := r.(*io.SectionReader); ok {
		return s, bufio.NewReaderSize(io.NewSectionReader(s, 0, s.Size()), 4096)
	}
	// Larger reads bypass this buffer without a copy.
	b := bufio.NewReaderSize(r, 4096)
	return b, b
}

// sniffed is an input and its first bytes.
type sniffed struct {
	io.Reader        // of the binary form; a *io.SectionReader if it can be read at any offset
	begin     []byte // first bytes, for hints
	armored   bool
}

// armorAhead is the number of bytes of armor read at once: on a web server, each read is
// a request.
const armorAhead = 1 << 20

// sniff detects and removes armor.
func sniff(r io.Reader) (*sniffed, error) {
	all, first := peek(r)
	armored, err := armor.Detect(first)
	if err != nil {
		return nil, err
	}
	begin, _ := first.Peek(min(32, max(first.Buffered(), 1)))
	s := &sniffed{Reader: all, begin: begin, armored: armored}
	if armored {
		s.Reader = armor.NewReader(bufio.NewReaderSize(all, armorAhead))
	}
	return s, nil
}

// sizes returns the length of the binary file, whose header has been read, and that of
// its contents. It returns an error if that length is impossible. A negative length, or
// that of armor, does not tell the size, so that the input is read to its end.
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
