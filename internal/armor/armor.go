// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package armor is the text form of a .pqe file, for places that carry text only:
//
//	-----BEGIN PQENC FILE-----
//	standard base64 with padding, 64 characters a line, the last line 1 to 64
//	-----END PQENC FILE-----
//
// The base64 is that of RFC 4648, section 4. Every byte string has exactly one
// text form, up to the line endings, the white space around it and the byte order
// mark before it that mail programs and editors change. Nothing but that one form is read, so text cannot
// be altered without altering, and thereby breaking, the file inside it.
//
// Armor protects nothing: it has no checksum, and what it carries has to be
// authenticated by whoever reads it.
package armor

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pqenc/pqenc/internal/text"
)

// The two lines around the base64, without their line endings.
const (
	Header = "-----BEGIN PQENC FILE-----"
	Footer = "-----END PQENC FILE-----"
)

const (
	lineText  = 64 // characters in every line but the last
	lineBytes = 48 // bytes that such a line carries

	// space is white space. Up to maxSpace bytes of it may precede the header, and as
	// many follow the line of the footer. CR LF counts as one byte.
	space    = " \t\r\n"
	maxSpace = 1024

	// batch is how many lines are encoded, or buffered for decoding, at a time:
	// few calls to the layers below, little memory.
	batch = 1024
)

var (
	// ErrArmor says that the input is not armor, or not the one text form that
	// its content has. It comes wrapped with the line number; the line itself
	// is never quoted.
	ErrArmor = errors.New("malformed armor")
	// ErrUTF16 says that the armor is in UTF-16, and wraps ErrArmor.
	ErrUTF16 = fmt.Errorf("%w: %w", ErrArmor, text.ErrUTF16)

	errClosed = errors.New("armor: write after close")
)

// encoding also refuses a last character with unused bits set, which would be a
// second text form of the same bytes.
var encoding = base64.StdEncoding.Strict()

// wide are the starts of armor in UTF-16. It is still armor: [NewReader] says what
// is wrong with it.
var wide = []string{"\xff\xfe-\x00", "\xfe\xff\x00-"}

// Detect reports whether what r is about to deliver is armored, that is, begins
// with Header after at most 1 KiB of white space, and perhaps a byte order mark
// before that. It takes nothing out of r and waits for no more input than it needs
// to decide. The buffer of r must hold 4 KiB. The error, if any, is that of the
// reader below r.
func Detect(r *bufio.Reader) (bool, error) {
	for want := 1; ; want++ {
		seen, err := r.Peek(max(want, r.Buffered()))
		want = len(seen)
		marked := bytes.TrimPrefix(seen, []byte(text.BOM))
		start := bytes.TrimLeft(marked, space)
		switch {
		case slices.ContainsFunc(wide, func(w string) bool { return strings.HasPrefix(string(seen), w) }):
			return true, nil
		case spaceSize(marked[:len(marked)-len(start)]) > maxSpace:
			return false, nil
		case len(start) >= len(Header):
			return bytes.HasPrefix(start, []byte(Header)), nil
		case !strings.HasPrefix(Header, string(start)) && !mayBeMark(seen):
			return false, nil
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		}
	}
}

// spaceSize returns the size of white space in bytes, where CR LF counts as one.
func spaceSize(b []byte) int { return len(b) - bytes.Count(b, []byte("\r\n")) }

// mayBeMark reports whether more could follow that makes it a byte order mark.
func mayBeMark(seen []byte) bool {
	return slices.ContainsFunc([]string{text.BOM, wide[0], wide[1]}, func(m string) bool { return strings.HasPrefix(m, string(seen)) })
}
