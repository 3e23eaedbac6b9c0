// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package armor encodes and decodes the text form of a .pqe file, for places that
// carry only text:
//
//	-----BEGIN PQENC FILE-----
//	standard base64 with padding, 64 characters a line, the last line 4 to 64
//	-----END PQENC FILE-----
//
// The base64 is that of RFC 4648, section 4. Every byte string has exactly one
// text form, except for what mail programs and editors change: line ends, white
// space around it, and a byte order mark before it. No other form is read, so that
// every change of the text changes the file inside it, which does not authenticate then.
//
// Armor protects nothing: it has no checksum. The reader of the file inside
// authenticates it.
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
	lineText  = 64 // characters in every line except the last
	lineBytes = 48 // bytes that such a line encodes

	// space is white space. Up to maxSpace bytes of it may precede the header, and as
	// many follow the line of the footer. CR LF counts as one byte.
	space    = " \t\r\n"
	maxSpace = 1024

	// batch is the number of lines that are encoded, or buffered for decoding, at
	// once: few calls of the layers below, little memory.
	batch = 1024
)

var (
	// ErrArmor is returned, wrapped with the number of the line, for input that is
	// not armor, or not the one text form of its content. The line is never quoted.
	ErrArmor = errors.New("malformed armor")
	// ErrUTF16 is returned for armor in UTF-16. It wraps ErrArmor.
	ErrUTF16 = fmt.Errorf("%w: %w", ErrArmor, text.ErrUTF16)

	errClosed = errors.New("armor: write after close")
)

// encoding is strict: a last character with unused bits set would be a second
// text form of the same bytes.
var encoding = base64.StdEncoding.Strict()

// wide are the starts of armor in UTF-16. Detect reports it as armor, so that
// [NewReader] can return ErrUTF16.
var wide = []string{"\xff\xfe-\x00", "\xfe\xff\x00-"}

// Detect reports whether the input of r is armored: whether it begins with Header,
// after at most 1 KiB of white space with or without a byte order mark before it. It
// consumes nothing and waits for no more input than it needs. The buffer of r must
// hold 4 KiB. Errors are those of the reader below r.
func Detect(r *bufio.Reader) (bool, error) {
	for want := 1; ; want++ {
		seen, err := r.Peek(max(want, r.Buffered()))
		want = len(seen)
		switch armored, enough := detect(seen); {
		case enough || err == io.EOF:
			return armored, nil
		case err != nil:
			return false, err
		}
	}
}

// Begins is [Detect] for input that is all there.
func Begins(data []byte) bool {
	armored, _ := detect(data)
	return armored
}

// detect reports whether input that starts with seen is armored, and whether seen is
// enough to tell.
func detect(seen []byte) (armored, enough bool) {
	marked := bytes.TrimPrefix(seen, []byte(text.BOM))
	start := bytes.TrimLeft(marked, space)
	switch {
	case slices.ContainsFunc(wide, func(w string) bool { return strings.HasPrefix(string(seen[:min(len(seen), len(w))]), w) }):
		return true, true
	case spaceSize(marked[:len(marked)-len(start)]) > maxSpace:
		return false, true
	case len(start) >= len(Header):
		return bytes.HasPrefix(start, []byte(Header)), true
	}
	return false, !strings.HasPrefix(Header, string(start)) && !mayBeMark(seen)
}

// spaceSize returns the size of white space in bytes, where CR LF counts as one.
func spaceSize(b []byte) int { return len(b) - bytes.Count(b, []byte("\r\n")) }

// mayBeMark reports whether seen is the start of a byte order mark.
func mayBeMark(seen []byte) bool {
	return slices.ContainsFunc([]string{text.BOM, wide[0], wide[1]}, func(m string) bool { return strings.HasPrefix(m, string(seen)) })
}
