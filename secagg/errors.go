// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/signature"
)

// Reasons why a message is refused. If a client is to blame, the error is a [ClientError] that
// wraps one of them.
var (
	// ErrMessage reports a message that is malformed, has the wrong length, or contradicts
	// another one.
	ErrMessage = errors.New("malformed message")
	// ErrStep reports a message of another step than the current one: too early, too late, or
	// of the wrong side.
	ErrStep = errors.New("message of another step")
	// ErrRound reports a message of another round, or of a round with another roster.
	ErrRound = errors.New("message of another round")
	// ErrSignature reports a signature that is not valid.
	ErrSignature = signature.ErrInvalid
	// ErrNotMember reports a client that is not among the members.
	ErrNotMember = errors.New("not a member")
	// ErrRoster reports a roster without the client itself, or with somebody twice.
	ErrRoster = errors.New("invalid roster")
	// ErrFloor reports a round whose terms are weaker than what the client insists on.
	ErrFloor = errors.New("the terms of the round are refused")
	// ErrShare reports shares or keys that do not fit what their dealer signed.
	ErrShare = errors.New("invalid share")
	// ErrThreshold reports that too few clients are left.
	ErrThreshold = errors.New("too few clients")
	// ErrSecond reports a second message of a step that differs from the first one. A client
	// answers each step once, so that nobody gets both secrets.
	ErrSecond = errors.New("another message of a step that was already answered")
	// ErrEnded reports the use of a Client or Server after its end, or after it has failed.
	ErrEnded = errors.New("the round has ended")
	// ErrVector reports a masked vector that is not the one that its client signed.
	ErrVector = errors.New("not the vector that was signed")
)

// ClientError is an error that a client has caused: it is about what the client has signed. If it
// wraps [ErrNotMember] or [ErrSignature], somebody else may have used the name of the client. What
// the server alone has caused is no ClientError, also if its text names a client.
type ClientError struct {
	Client signature.Fingerprint
	Err    error
}

// Error names the client and says what was wrong.
func (e *ClientError) Error() string { return fmt.Sprintf("client %s: %v", e.Client, e.Err) }

// Unwrap returns the reason.
func (e *ClientError) Unwrap() error { return e.Err }

// blame returns err as an error that the client has caused.
func blame(client signature.Fingerprint, err error) error {
	if err == nil {
		return nil
	}
	return &ClientError{client, err}
}
