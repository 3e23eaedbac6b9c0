// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"fmt"

	"github.com/pqenc/pqenc/secagg"
)

// The first byte of an object for a client: what follows.
const (
	isMessage = iota // a message of the protocol
	isDropped        // the reason, as text
	isFailed         // the reason, as text
	isDone           // nothing
)

// isReport is the first byte of an object for the aggregator that is not a message of the protocol, but
// the reason why the round has ended for the client, as text. The messages begin with a version, which
// is not zero.
const isReport = 0

// report returns the error in an object for the aggregator that is a report, as a [senderError], or nil.
func report(object []byte) error {
	if len(object) == 0 || object[0] != isReport {
		return nil
	}
	return &senderError{fmt.Errorf("%w: %s", ErrReported, reason(object[1:]))}
}

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

// reason returns a text of the other side for an error message.
func reason(text []byte) string {
	const most = 500
	return fmt.Sprintf("%.*q", most, text)
}
