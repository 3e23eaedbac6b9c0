// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a name.
const (
	// MaxName is the length of the longest name in bytes.
	MaxName = 1024
	// MaxSegment is the length of the longest segment of a name in bytes.
	MaxSegment = 200
	// MaxSegments is the largest number of segments in a name.
	MaxSegments = 32
)

// reserved are the characters that Windows does not allow in file names. The slash, which
// separates segments, is not among them.
const reserved = `\:<>"|?*`

// Name is a valid name of an object. Only [ParseName] makes one. The zero Name is invalid.
type Name struct{ text string }

// String returns the name.
func (n Name) String() string { return n.text }

// ParseName returns the name if it is valid, or an [ErrName] with the reason, which does not
// quote the name. The rules are the same on every system, so that every server can store
// what another one has:
//
//   - UTF-8, 1 to 1024 bytes: 1 to 32 segments of 1 to 200 bytes, separated by "/".
//   - No segment starts with a dot: hidden files are the server's own. None ends
//     with a dot or a space, which Windows would remove.
//   - No control characters, line and paragraph separators, and controls of the
//     writing direction (Unicode: Cc, Zl, Zp, Bidi_Control).
//   - None of \ : < > " | ? * and no segment that is the name of a Windows device,
//     whatever its extension: CON, PRN, AUX, NUL, CONIN$, CONOUT$, COM and LPT with
//     a digit.
func ParseName(name string) (Name, error) {
	if err := checkName(name); err != nil {
		return Name{}, err
	}
	return Name{name}, nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return badName("it is empty")
	case len(name) > MaxName:
		return badName("it is longer than %d bytes", MaxName)
	case !utf8.ValidString(name):
		return badName("it is not UTF-8")
	case strings.ContainsFunc(name, unprintable):
		return badName("it has a control character")
	case strings.ContainsAny(name, reserved):
		return badName("it has one of the characters %s", reserved)
	case strings.Count(name, "/") >= MaxSegments:
		return badName("it has more than %d segments", MaxSegments)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if err := checkSegment(segment); err != nil {
			return err
		}
	}
	return nil
}

func checkSegment(segment string) error {
	switch {
	case segment == "":
		return badName("a segment is empty")
	case len(segment) > MaxSegment:
		return badName("a segment is longer than %d bytes", MaxSegment)
	case segment[0] == '.':
		return badName("a segment starts with a dot")
	case strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " "):
		return badName("a segment ends with a dot or a space")
	case isDevice(segment):
		return badName("a segment is the name of a device on Windows")
	}
	return nil
}

func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// isDevice reports whether Windows takes the segment for a device. It looks at what
// is before the first dot, without trailing spaces, and takes superscript digits
// for digits.
func isDevice(segment string) bool {
	stem, _, _ := strings.Cut(segment, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		digit, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}

func badName(reason string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrName, fmt.Sprintf(reason, args...))
}
