// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"time"

	"github.com/pqenc/pqenc/signature"
)

// SyncAfter is how long a server delays a sync for a few bytes in tests.
const SyncAfter = 200 * time.Millisecond

func init() { syncAfter = SyncAfter }

// Proofs exports proofs.
type Proofs struct{ proofs }

// Enter exports the method of proofs.
func (p *Proofs) Enter(client signature.Fingerprint) (leave func(), err error) {
	return p.enter(client)
}
