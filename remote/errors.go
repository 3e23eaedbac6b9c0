// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

var (
	// ErrURL is returned for a text that is not the URL of an object. Its text is not repeated: there may be a
	// password in it.
	ErrURL = errors.New("not a URL of the form https://HOST/PATH")
	// ErrNoRanges is returned for a server that sends whole objects only. [Get] reads them in order.
	ErrNoRanges = errors.New("the server sends whole files only, and no parts of them")
	// ErrChanged is returned when an object is not the one that was opened any more: it has
	// another ETag, Last-Modified or length.
	ErrChanged = errors.New("the file on the server has changed while it was read")
	// ErrAnswer is returned for an answer that does not fit the request: other bytes than those
	// that were asked for, a length that is wrong, a content coding.
	ErrAnswer = errors.New("the server answers wrongly")
	// ErrRedirect is returned for a redirect that is not followed: from https to http, to another
	// scheme, to nowhere, or after too many.
	ErrRedirect = errors.New("redirect refused")
	// ErrConnection is returned for a server that cannot be reached, or has sent nothing for too
	// many requests in a row. It wraps the last reason.
	ErrConnection = errors.New("connection failed")

	errStalled = errors.New("no data has come for too long")
)

// StatusError is an answer with a status that means failure. It is [fs.ErrNotExist] where the server
// has no such object, and [fs.ErrPermission] where it wants other credentials.
type StatusError struct {
	Code  int           // of HTTP
	After time.Duration // that the server asks to wait, zero if it does not
}

func (e *StatusError) Error() string {
	if text := http.StatusText(e.Code); text != "" {
		return fmt.Sprintf("the server says %d %s", e.Code, text)
	}
	return fmt.Sprintf("the server says %d", e.Code)
}

// Is implements [errors.Is].
func (e *StatusError) Is(target error) bool {
	switch e.Code {
	case http.StatusNotFound, http.StatusGone:
		return target == fs.ErrNotExist
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return target == fs.ErrPermission
	}
	return false
}

// Passing reports whether the failure may be temporary.
func (e *StatusError) Passing() bool {
	return e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooManyRequests || e.Code >= 500
}

// unexpected returns the error for a status that is none of the expected ones.
func unexpected(r *http.Response) error {
	if r.StatusCode < 400 {
		return wrong("with status %d", r.StatusCode)
	}
	return &StatusError{r.StatusCode, retryAfter(r.Header.Get("Retry-After"), time.Now())}
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAnswer, fmt.Sprintf(format, args...))
}

// lostError is a connection that was lost on the way.
type lostError struct{ error }

func (e lostError) Unwrap() error { return e.error }

func isLost(err error) bool { return errors.As(err, new(lostError)) }

// named adds the name of the object.
func (c *client) named(err error) error {
	return &fs.PathError{Op: "read", Path: c.name, Err: err}
}
