// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"time"

	"github.com/pqenc/pqenc/signature"
)

// SyncAfter is how long a server lets a few bytes wait in tests.
const SyncAfter = 200 * time.Millisecond

func init() { syncAfter = SyncAfter }

// Proofs is for tests.
type Proofs struct{ proofs }

// Enter is that of proofs.
func (p *Proofs) Enter(client signature.Fingerprint) (leave func(), err error) {
	return p.enter(client)
}
