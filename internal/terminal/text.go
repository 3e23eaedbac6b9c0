// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package terminal

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrBinary means that data is not text, and was not written to the terminal.
var ErrBinary = errors.New("refusing to write binary data to the terminal")

// Printable escapes everything in s that a terminal might obey instead of show: file
// names and messages may come from anybody.
func Printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// ASCII escapes everything in JSON that is not ASCII: JSON allows some of what a terminal
// obeys.
func ASCII(json string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(json)) {
		if c < 0x7f {
			b.WriteByte(byte(c))
		} else {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

// TextWriter writes text to W. It fails with [ErrBinary] before it writes anything else.
type TextWriter struct {
	W     io.Writer
	carry []byte // the start of a character that the next Write completes
}

// Write writes p, without an incomplete character at its end.
func (t *TextWriter) Write(p []byte) (int, error) {
	text := append(t.carry, p...)
	end := 0
	for end < len(text) {
		if !utf8.FullRune(text[end:]) {
			break
		}
		r, n := utf8.DecodeRune(text[end:])
		if r == utf8.RuneError && n == 1 || !unicode.IsGraphic(r) && r != '\n' && r != '\r' && r != '\t' {
			return 0, ErrBinary
		}
		end += n
	}
	t.carry = append([]byte(nil), text[end:]...)
	if _, err := t.W.Write(text[:end]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close fails with [ErrBinary] if the text ends inside a character. It leaves W
// open.
func (t *TextWriter) Close() error {
	if len(t.carry) > 0 {
		return ErrBinary
	}
	return nil
}
