// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package secagg implements secure aggregation: a server learns the sum of the vectors of many
// clients, and nothing else about them. It is made for federated learning, where a vector is
// what a client has learned, and stays secure against a quantum computer.
//
// Each client adds masks to its vector, which cancel in the sum. Two neighbours share a mask:
// one adds it, the other one subtracts it. Each client has a mask of its own beside these, so
// that a vector which arrives late is still protected. The secrets that the masks come from are
// shared among other clients, the holders: so the sum can be completed when clients drop out.
// For each client the holders give back one of its two secrets, never both.
//
// The protocol is that of Bonawitz et al. (CCS 2017) on the sparse graph of Bell et al. (CCS
// 2020), in the variant against a server that deviates from it, with X-Wing in the place of
// Diffie-Hellman. docs/secagg.md specifies it and says what it does not protect.
//
// A [Client] and a [Server] are state machines. They take messages and return messages, whatever
// carries these: package secagg/runner uses a pqenc server, and the command "pqenc secagg" gives
// them to programs in other languages.
//
//	invitation ->  Client.Handle  -> advertisement  -> Server.Receive
//	roster     ->  Client.Handle  -> draw           -> Server.Receive
//	peers      ->  Client.Handle  -> deal           -> Server.Receive
//	dealt      ->  Client.Handle
//	               Client.Mask    -> masked vector  -> Server.ReceiveMasked
//	counted    ->  Client.Handle  -> confirmation   -> Server.Receive
//	confirmed  ->  Client.Handle  -> reveal         -> Server.Receive
//
// [Server.Advance] ends each step. Clients that have not answered until then have dropped out.
// At the end [Server.Sum] writes the sum.
package secagg
