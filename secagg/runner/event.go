// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"errors"
	"fmt"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/signature"
)

// Event is something that has happened in a round.
type Event struct {
	Kind   Kind
	Step   secagg.Step           // of the messages that the event is about
	Client signature.Fingerprint // zero if it is about all of them
	Bytes  int64                 // of the message; of a masked vector, too
	Took   time.Duration         // since the start of the step
	Err    error                 // of Refused and Dropped
}

// Kind is what has happened.
type Kind int

const (
	Sent     Kind = iota + 1 // a message was sent: to a client, or to the aggregator
	Received                 // a message has arrived and was accepted
	Refused                  // a message has arrived and was refused: see Err
	Dropped                  // a client has dropped out: it was late, or see Err
	Ended                    // the step has ended
)

var kindNames = [...]string{"", "sent", "received", "refused", "dropped", "ended"}

// String returns the name of the kind.
func (k Kind) String() string {
	if k <= 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Ways in which a round ends for a client. Its errors wrap one of them, or are those of package
// secagg or of package transfer.
var (
	// ErrDropped reports that the round has continued without this client, which was late or
	// whose message was refused.
	ErrDropped = errors.New("the round has continued without this client")
	// ErrFailed reports that the aggregator has ended the round without a sum.
	ErrFailed = errors.New("the round has failed")
	// ErrRestarted reports that this client has taken part in the round before, in another
	// process. Its secrets are lost, and it has dropped out.
	ErrRestarted = errors.New("this client has taken part in this round before")
	// ErrNoMessage reports that the aggregator has sent nothing for [Client.Wait].
	ErrNoMessage = errors.New("no message from the aggregator")
)

// errLate is the reason of a client that has sent nothing in time.
var errLate = errors.New("no answer in time")

// The first byte of an object for a client: what follows.
const (
	isMessage = iota // a message of the protocol
	isDropped        // the reason, as text
	isFailed         // the reason, as text
	isDone           // nothing
)

// notice returns the error in an object for a client that is not a message.
func notice(kind byte, text []byte) error {
	switch kind {
	case isDropped:
		return fmt.Errorf("%w: %s", ErrDropped, reason(text))
	case isFailed:
		return fmt.Errorf("%w: %s", ErrFailed, reason(text))
	}
	return fmt.Errorf("%w: it begins with %d", secagg.ErrMessage, kind)
}

// reason returns a text of the aggregator for an error message.
func reason(text []byte) string {
	const most = 500
	return fmt.Sprintf("%.*q", most, text)
}
