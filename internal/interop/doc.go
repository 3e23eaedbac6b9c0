// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package interop is for tests only. Independent programs read what pqenc writes,
// and pqenc what they write:
//
//   - OpenSSL 3.5, inside of Node 24: the public components of a key, and the
//     halves of its signatures;
//   - @noble/post-quantum: X-Wing keys and stanzas, in both directions;
//   - age-keygen and age: post-quantum keys.
//
// The first two are packages of npm, pinned in testdata: run "npm ci" there, or
// the tests of them are skipped. age is pinned in bench/go.mod. With
// PQENC_INTEROP_STRICT set a test that would be skipped fails.
package interop
