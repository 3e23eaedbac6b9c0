// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package transfer sends pqenc files to a server and gets them from there, whatever
// happens to the connection. A [Client] is one side; package transfer/server is the
// other. What is transferred is opaque: a server has no key that opens it, and a
// client encrypts before Push and decrypts what Pull gives it.
//
// Both prove who they are by their keys, in TLS 1.3 of their own inside a
// WebSocket. A connection that is cut costs time and no more than the last few MiB:
// the client opens another one and resumes from what is durable. An object appears
// on the server when it is whole, and not before.
//
// The protocol is specified in PROTOCOL.md. This package may still change.
package transfer
