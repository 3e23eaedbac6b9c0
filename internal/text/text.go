// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package text reads text files that any editor or shell may have written. It skips a
// byte order mark in UTF-8, which people do not see. It refuses UTF-16 rather than
// convert it, since that is rarely intended: PowerShell writes it when output is
// redirected.
package text

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// BOM is the byte order mark in UTF-8.
const BOM = "\ufeff"

// ErrUTF16 means that a text is in UTF-16.
var ErrUTF16 = errors.New("the text is in UTF-16, not in UTF-8")

// enough is how many bytes at the start of a text isUTF16 needs.
const enough = 4

// Trim returns the text without a byte order mark. The error is [ErrUTF16].
func Trim(text []byte) ([]byte, error) {
	if isUTF16(text) {
		return nil, ErrUTF16
	}
	return bytes.TrimPrefix(text, []byte(BOM)), nil
}

// isUTF16 reports whether a text starts with a byte order mark in UTF-16, or with
// two characters of ASCII in it.
func isUTF16(text []byte) bool {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return true
	}
	if len(text) < enough {
		return false
	}
	little := text[0] != 0 && text[1] == 0 && text[2] != 0 && text[3] == 0
	big := text[0] == 0 && text[1] != 0 && text[2] == 0 && text[3] != 0
	return little || big
}

// Skip skips a byte order mark at the start of r. The error is [ErrUTF16]. An error of
// the reader below r is returned by the next read.
func Skip(r *bufio.Reader) error {
	start, _ := r.Peek(enough)
	rest, err := Trim(start)
	if err == nil {
		r.Discard(len(start) - len(rest))
	}
	return err
}

// NewReader returns a reader of the text in r, without a byte order mark. It returns
// [ErrUTF16] if the text is in UTF-16.
func NewReader(r io.Reader) io.Reader { return &reader{src: bufio.NewReader(r)} }

type reader struct {
	src     *bufio.Reader
	started bool
	err     error // of the start
}

func (r *reader) Read(p []byte) (int, error) {
	if !r.started {
		r.started, r.err = true, Skip(r.src)
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.src.Read(p)
}
