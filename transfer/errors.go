// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// What a server refuses, or fails to do, as a [Client] returns it.
var (
	// ErrDenied says that the key has no access to the server, or no right to do
	// that with an object of that name, whether or not there is one.
	ErrDenied = wire.ErrDenied
	// ErrNotFound says that there is no object of that name.
	ErrNotFound = wire.ErrNotFound
	// ErrExists says that an object of that name is there already, and that it
	// may not be, or was not asked to be, replaced.
	ErrExists = wire.ErrExists
	// ErrQuota says that the object would take more than the key may store.
	ErrQuota = wire.ErrQuota
	// ErrTooLarge says that the object is larger than the server takes.
	ErrTooLarge = wire.ErrTooLarge
	// ErrName says that an object cannot have that name; see [CheckName].
	ErrName = wire.ErrName
	// ErrNotPqenc says that what was to be pushed is not a pqenc file, or not a
	// whole one.
	ErrNotPqenc = wire.ErrNotPqenc
	// ErrChanged says that an interrupted pull cannot go on, since by now the
	// server has another object of that name.
	ErrChanged = wire.ErrChanged
	// ErrWindow says that the server makes so much durable at a time that two such pieces are
	// more than [PushOptions].Buffer.
	ErrWindow = wire.ErrWindow
	// ErrTakenOver says that another push with the same key and to the same name
	// began, which ends this one.
	ErrTakenOver = wire.ErrTakenOver
	// ErrNoSpace says that the server has no space left. What it has stays, and
	// the same push goes on from there later.
	ErrNoSpace = wire.ErrNoSpace
	// ErrBusy says that the server has too many connections.
	ErrBusy = wire.ErrBusy
	// ErrProtocol says that the client, or the server, got a message that is
	// malformed or out of order. Trying again does not help: one of the two has an
	// error, or they are of versions that do not fit.
	ErrProtocol = wire.ErrProtocol
	// ErrUnsupported says that the server does not know the request: it is older than this
	// client, or does not offer it.
	ErrUnsupported = wire.ErrUnsupported
	// ErrApart says that the server keeps two names of a move on different file systems.
	// The object has to be pulled, and pushed to the new name.
	ErrApart = wire.ErrApart
	// ErrServer says that the server failed, or is stopping.
	ErrServer = wire.ErrServer
)

// What a [Client] itself finds wrong.
var (
	// ErrUnknownServer is for [Client.CheckServer] to return: the server is not the
	// one that was expected.
	ErrUnknownServer = errors.New("not the expected server")
	// ErrNotServer says that whatever answered is not a pqenc server.
	ErrNotServer = errors.New("not a pqenc server")
	// ErrForged says that the server's login is forged: somebody is in between.
	ErrForged = channel.ErrProof
	// ErrRewound says that the server asks again for bytes of which it had said
	// that they are safe. They are gone, and nothing is ever encrypted twice.
	ErrRewound = errors.New("the server asks again for what it had acknowledged")
	// ErrGaveUp says that there was no progress for [Client.GiveUpAfter]. It comes
	// wrapped together with the last failure.
	ErrGaveUp = errors.New("gave up")
)

// refused is the server's reason, in words for people.
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

// understand turns what ended a request into an error of this package.
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

// temporary reports whether trying again can help against what ended a request, as
// understand returned it.
func temporary(err error) bool {
	var r refused
	if errors.As(err, &r) {
		return wire.Temporary(r.reason.Code)
	}
	var mine *permanent
	if errors.As(err, &mine) {
		return false
	}
	for _, never := range []error{ErrNotServer, ErrForged, ErrUnknownServer, ErrRewound, ErrProtocol} {
		if errors.Is(err, never) {
			return false
		}
	}
	return true
}

// permanent is a failure of this side, which no other connection cures.
type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

var errNotReturned = errors.New("the function that was to write has not returned")
