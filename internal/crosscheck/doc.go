// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package crosscheck is for tests only. It checks the primitives that pqenc
// composes, not pqenc's own code:
//
//   - each of them gives what the published vectors say: the X-Wing and
//     HPKE-PQ drafts, Wycheproof, and Argon2's reference implementation;
//   - where pqenc relies on one library, a second and independent one agrees
//     with it: crypto/hpke against circl for the recipient stanza, and circl's
//     ML-DSA-65 against crypto/mldsa for signatures, alone and in the composite.
//
// So a failure here means that a dependency has changed or is wrong, and a
// failure elsewhere with these tests passing means that pqenc is. The origin
// and licence of every vector are in testdata/README.md.
package crosscheck
