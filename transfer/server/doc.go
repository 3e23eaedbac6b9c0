// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package server is the other side of package transfer: it stores pqenc files and
// gives them away, to clients that an access list names. A [Server] is an
// http.Handler, for a program of one's own or for "pqenc serve". What it stores is
// opaque: it has no key that opens it.
//
// An object appears under its name when it is whole and durable, and not before. What
// a client has sent before its connection was cut is kept for it to resume.
package server
