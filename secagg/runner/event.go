// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
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
