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
