// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Errors that the server reports.
var (
	// ErrDenied reports that the key has no access to the server, or lacks a right for that
	// name, whether or not there is an object.
	ErrDenied = wire.ErrDenied
	// ErrNotFound reports that there is no object with that name.
	ErrNotFound = wire.ErrNotFound
	// ErrExists reports that the name is taken, and that the object may not be replaced or
	// was not to be replaced.
	ErrExists = wire.ErrExists
	// ErrQuota reports that the object would exceed a quota.
	ErrQuota = wire.ErrQuota
	// ErrTooLarge reports that the object is larger than the server accepts.
	ErrTooLarge = wire.ErrTooLarge
	// ErrName reports an invalid name; see [CheckName].
	ErrName = wire.ErrName
	// ErrNotPqenc reports that the input of a push is not a pqenc file, or not a whole one.
	ErrNotPqenc = wire.ErrNotPqenc
	// ErrChanged reports that an interrupted pull cannot resume, because the name has another
	// object now.
	ErrChanged = wire.ErrChanged
	// ErrWindow reports that two units of the server, after which it syncs, are more than
	// [PushOptions].Buffer.
	ErrWindow = wire.ErrWindow
	// ErrTakenOver reports that a newer push with the same key and to the same name has
	// ended this one.
	ErrTakenOver = wire.ErrTakenOver
	// ErrNoSpace reports that the server has no space left. It keeps what it has, and the
	// same push can resume later.
	ErrNoSpace = wire.ErrNoSpace
	// ErrBusy reports that the server has too many connections.
	ErrBusy = wire.ErrBusy
	// ErrProtocol reports a message that is malformed or out of order. Trying again does not
	// help: one side has a bug, or the versions are incompatible.
	ErrProtocol = wire.ErrProtocol
	// ErrUnsupported reports that the server does not know the request, because it is older
	// than this client, or does not offer it.
	ErrUnsupported = wire.ErrUnsupported
	// ErrApart reports that the server keeps both names of a move on different file systems.
	// The object has to be pulled and pushed instead.
	ErrApart = wire.ErrApart
	// ErrServer reports that the server failed or is stopping.
	ErrServer = wire.ErrServer
)

// Errors that a [Client] finds itself.
var (
	// ErrUnknownServer reports that the server is not the expected one. [Client.CheckServer]
	// returns it.
	ErrUnknownServer = errors.New("not the expected server")
	// ErrNotServer reports that the other side is not a pqenc server.
	ErrNotServer = errors.New("not a pqenc server")
	// ErrForged reports that the server's signature is wrong: there is a man in the middle.
	ErrForged = channel.ErrProof
	// ErrRewound reports that the server asks again for bytes that it had acknowledged as
	// durable. The client does not have them any more, and never encrypts anything twice.
	ErrRewound = errors.New("the server asks again for what it had acknowledged")
	// ErrGaveUp reports that there was no progress for [Client.GiveUpAfter]. The error also
	// wraps the last failure.
	ErrGaveUp = errors.New("gave up")
)

// refused is an error that the server has sent.
type refused struct{ reason *wire.Error }

func (r refused) Error() string {
	switch meaning, text := r.Unwrap().Error(), r.reason.Text; {
	case text == "":
		return meaning
	case strings.HasPrefix(text, meaning):
		return text
	default:
		return meaning + ": " + text
	}
}

func (r refused) Unwrap() error { return r.reason.Unwrap() }

// understand translates the error that ended a request into one of this package.
func understand(err error) error {
	var reason *wire.Error
	switch {
	case errors.As(err, &reason):
		return refused{reason}
	case errors.Is(err, channel.ErrChannel):
		return fmt.Errorf("%w: %w", ErrNotServer, err)
	}
	return err
}

// temporary reports whether trying again can help. err is from understand.
func temporary(err error) bool {
	var r refused
	if errors.As(err, &r) {
		return wire.Temporary(r.reason.Code)
	}
	var mine *permanent
	if errors.As(err, &mine) {
		return false
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return false
	}
	for _, never := range []error{ErrNotServer, ErrForged, ErrUnknownServer, ErrRewound, ErrProtocol} {
		if errors.Is(err, never) {
			return false
		}
	}
	return true
}

// permanent is a failure of this side, which another connection does not fix.
type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

var errNotReturned = errors.New("the function that writes the object did not return")
