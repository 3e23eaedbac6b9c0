// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format

import (
	"errors"
	"fmt"
	"io"
)

// The kinds of failure. Every [Error] wraps one of them.
var (
	// ErrNotPqenc is returned for another kind of file.
	ErrNotPqenc = errors.New("not a pqenc file")
	// ErrUnsupported is returned for a pqenc file with a version, suite or
	// feature that this release does not know.
	ErrUnsupported = errors.New("unsupported version of the format")
	// ErrHeader is returned for a header that is damaged or forged.
	ErrHeader = errors.New("header is damaged or forged")
	// ErrTruncated is returned for a file that ends too early. It wraps
	// [io.ErrUnexpectedEOF].
	ErrTruncated error = truncated{}
	// ErrNoMatch is returned for a stanza that a key does not open. That is
	// normal: the key may open the next stanza.
	ErrNoMatch = errors.New("no matching key")
)

// truncated is the type of ErrTruncated, with a text that is not that of io.ErrUnexpectedEOF.
type truncated struct{}

func (truncated) Error() string { return "the file is truncated" }
func (truncated) Unwrap() error { return io.ErrUnexpectedEOF }

// Error is a failure to parse or to authenticate a header.
type Error struct {
	Field  string // the field, by its name in SPEC.md, section 3
	Reason string // what is wrong with it
	Kind   error  // one of the sentinel errors of this package
}

// Error returns the field and the reason, or only the reason if the file does not begin like
// a pqenc file.
func (e *Error) Error() string {
	if e.Field == "magic" {
		return e.Reason
	}
	return "header: " + e.Field + ": " + e.Reason
}

// Unwrap returns the kind of failure.
func (e *Error) Unwrap() error { return e.Kind }

func invalid(field, reason string, args ...any) error {
	return &Error{field, fmt.Sprintf(reason, args...), ErrHeader}
}

func unsupported(field, reason string, args ...any) error {
	return &Error{field, fmt.Sprintf(reason, args...), ErrUnsupported}
}

// short returns ErrTruncated for the early end of the input, and other errors
// of the input unchanged.
func short(field string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &Error{field, "the file ends here: it is truncated", ErrTruncated}
	}
	return err
}
