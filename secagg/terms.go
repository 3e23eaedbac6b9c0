// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"

	"github.com/pqenc/pqenc/secagg/vector"
)

// Terms are what all clients of a round must agree on. Their digest is in every advertisement.
type Terms struct {
	Round    [32]byte // random, distinguishes rounds
	Encoding vector.Encoding
}

func (t Terms) marshal() []byte { return append(t.Round[:], t.Encoding.Marshal()...) }

func (t Terms) digest() digest { return hash("terms", t.marshal()) }

func parseTerms(b []byte) (t Terms, err error) {
	if len(b) < len(t.Round) {
		return Terms{}, fmt.Errorf("%w: terms of %d bytes", ErrMessage, len(b))
	}
	copy(t.Round[:], b)
	if t.Encoding, err = vector.Unmarshal(b[len(t.Round):]); err != nil {
		return Terms{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return t, nil
}
