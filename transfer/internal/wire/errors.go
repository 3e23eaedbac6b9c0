// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"errors"
	"fmt"
)

// The errors that one side sends to the other in an [Error]. Code of either side returns one
// of these, or an error that wraps it. [CodeOf] and [Meaning] translate to codes and back.
var (
	ErrDenied    = errors.New("the server denies access")
	ErrNotFound  = errors.New("no such object on the server")
	ErrExists    = errors.New("an object of that name is on the server already")
	ErrQuota     = errors.New("the quota on the server is used up")
	ErrTooLarge  = errors.New("too large for the server")
	ErrName      = errors.New("not a valid object name")
	ErrNotPqenc  = errors.New("not a whole pqenc file")
	ErrChanged   = errors.New("the object on the server has changed")
	ErrTakenOver = errors.New("a newer push with the same key has taken over")
	ErrProtocol  = errors.New("protocol error")
	ErrAbandoned = errors.New("the client has cancelled the push")
	// ErrUnsupported is the answer to a request that the server does not know.
	ErrUnsupported = errors.New("the server does not know this request, or does not offer it")
	// ErrWindow is the answer to a push with a window of less than two units.
	ErrWindow = errors.New("the server stores larger pieces than this client has memory for")
	// ErrApart is the answer to a move between folders on different file systems of the server.
	ErrApart    = errors.New("the server cannot move an object between these folders")
	ErrNoSpace  = errors.New("no space left on the server")
	ErrBusy     = errors.New("the server has too many connections")
	ErrShutdown = fmt.Errorf("%w: it is stopping", ErrServer)
	ErrIdle     = fmt.Errorf("%w: it made no progress for too long", ErrServer)
	ErrServer   = errors.New("the server failed")
)

// Errors that wrap [ErrProtocol].
var (
	// ErrMalformed reports a message that PROTOCOL.md does not allow anywhere.
	ErrMalformed = fmt.Errorf("%w: malformed message", ErrProtocol)
	// ErrOrder reports a message that is not allowed at this point.
	ErrOrder = fmt.Errorf("%w: message out of order", ErrProtocol)
)

// Codes that other code compares with.
const (
	CodeDenied    = 1
	CodeProtocol  = 10
	CodeAbandoned = 11
	CodeInternal  = 36
	firstRetry    = 32 // codes from this one up are temporary
)

// codes maps errors to the codes of PROTOCOL.md, section 6. The first error that matches
// counts.
var codes = []struct {
	err  error
	code uint16
}{
	{ErrDenied, CodeDenied},
	{ErrNotFound, 2},
	{ErrExists, 3},
	{ErrQuota, 4},
	{ErrTooLarge, 5},
	{ErrName, 6},
	{ErrNotPqenc, 7},
	{ErrChanged, 8},
	{ErrTakenOver, 9},
	{ErrProtocol, CodeProtocol},
	{ErrAbandoned, CodeAbandoned},
	{ErrUnsupported, 12},
	{ErrWindow, 13},
	{ErrApart, 14},
	{ErrNoSpace, 32},
	{ErrBusy, 33},
	{ErrShutdown, 34},
	{ErrIdle, 35},
	{ErrServer, CodeInternal},
}

// CodeOf returns the code of an error, or [CodeInternal] if it has none.
func CodeOf(err error) uint16 {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return CodeInternal
}

// Meaning returns the error that a code stands for, or [ErrServer] for an unknown code.
func Meaning(code uint16) error {
	for _, c := range codes {
		if c.code == code {
			return c.err
		}
	}
	return ErrServer
}

// Right is an [ErrDenied] that names the missing right.
type Right struct {
	Op   string // push, pull, list or delete
	Name Name   // of the object
}

// Error says which right is missing. The name is quoted.
func (r *Right) Error() string { return fmt.Sprintf("%s %q", r.told(), r.Name.text) }

// Unwrap returns [ErrDenied].
func (r *Right) Unwrap() error { return ErrDenied }

func (r *Right) told() string { return fmt.Sprintf("%v: no right to %s", ErrDenied, r.Op) }

// Refusal returns the message about err for the other side: the meaning of its code, and the
// right that is missing. All other details stay in the log of this side.
func Refusal(err error) *Error {
	code := CodeOf(err)
	told := Meaning(code).Error()
	if right := (*Right)(nil); errors.As(err, &right) {
		told = right.told()
	}
	return &Error{code, told}
}

// Temporary reports whether trying again can help.
func Temporary(code uint16) bool { return code >= firstRetry }
