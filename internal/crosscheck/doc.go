// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package crosscheck is for tests only. It checks the primitives that pqenc
// composes, not pqenc's own code:
//
//   - each of them agrees with the published vectors: those of the X-Wing and HPKE-PQ
//     drafts, of Wycheproof, and of the reference implementation of Argon2;
//   - a second, independent library agrees with the one that pqenc uses: circl with
//     crypto/hpke for the recipient stanza, crypto/mldsa with circl for ML-DSA-65, alone
//     and in the composite, and circl with crypto/ed25519, also where implementations of
//     Ed25519 and X25519 differ.
//
// So a failure here means that a dependency has changed or is wrong. A failure elsewhere,
// while these tests pass, means that pqenc is wrong. The origin and licence of every vector
// are in testdata/README.md.
package crosscheck
