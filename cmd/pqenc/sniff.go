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

// peek returns all that r delivers, and a buffer in which its first 4 KiB can be seen. A
// section that is at its start is returned as it is: the engine reads it by offset, which
// it could not do through the buffer.
func peek(r io.Reader) (all io.Reader, first *bufio.Reader) {
	if s, ok := r.(*io.SectionReader); ok {
		return s, bufio.NewReaderSize(io.NewSectionReader(s, 0, s.Size()), 4096)
	}
	// Reads that are larger than this buffer pass it by: it costs no copy.
	b := bufio.NewReaderSize(r, 4096)
	return b, b
}

// sniffed is an input whose first bytes have been looked at.
type sniffed struct {
	io.Reader        // of the binary form; a *io.SectionReader if it is read by offset
	begin     []byte // first bytes, for hints
	armored   bool
}

// armorAhead is how many bytes of armor are read at once: from a web server each read is a
// request.
const armorAhead = 1 << 20

// sniff recognises armor, and takes it off.
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
