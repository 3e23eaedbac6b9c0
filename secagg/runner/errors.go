// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import "errors"

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

// ErrReported is wrapped by the error of an event about a client whose round has ended because of
// what another client has signed, such as a box that does not open. The text of the error is what the
// client says about that: nobody else can verify it.
var ErrReported = errors.New("the client reports")

// Other reasons why a client has dropped out, beside the errors of its messages.
var (
	errLate    = errors.New("no answer in time")
	errLeftOut = errors.New("others do not count it")
)
