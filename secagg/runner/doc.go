// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package runner runs rounds of secure aggregation, package secagg, over a pqenc server. The
// aggregator and the clients are all clients of that server: each protocol message is an object,
// a pqenc file that its sender has signed and encrypted to its receiver. The aggregator may run
// in the process of the server, and needs no rights that others do not have.
//
// # Objects
//
// A round has a name, such as fl/7. Its objects are
//
//	fl/7/from/STEP/CLIENT.pqe   what a client sends
//	fl/7/to/STEP/CLIENT.pqe     what the aggregator sends to a client
//
// where CLIENT is the fingerprint of the client in hexadecimal, and STEP is a name from
// [secagg.Step], or "vector" for a masked vector, or "result" for how the round has ended. The
// signature of each object has a context with the name of the round, the step and the sender: so
// no object can be passed off as another one, of another round or of another sender.
//
// A client whose round ends because of what another client has signed, such as a box that does not
// open, sends the reason in the place of its next message: see [ErrReported].
//
// [Rules] returns the lines of the access list that a server needs: each client pushes its own
// objects and pulls those for it, and the aggregator pushes, pulls, lists and deletes all.
//
// A client keeps a connection open until the round has ended for it. Clients beyond the number of
// connections that the server accepts drop out: pqenc serve --max-connections is 512 by default.
//
// # Time
//
// A step of the aggregator ends when all clients have answered, the last one when there are enough
// shares. It ends, too, when for [Aggregator.Wait] no answer has arrived and no byte of an answer
// has moved, or after [Aggregator.Limit] in any case. Then the round continues without the clients
// that are missing. They learn that when they wait for their next message. An object that is
// complete by then is still pulled to its end. If the aggregator could not reach the server for
// more than half of Wait, the wait begins again. A client waits for [Client.Wait], so that it ends,
// too, when the aggregator was killed.
//
// # Once
//
// The first invitation that the aggregator stores is the claim of the round: a second aggregator
// finds that its name is taken, and ends without any effect on the round.
//
// A client that is started again in the same round has dropped out of it: the secrets of the
// first process are lost, and no second set may exist. The second process finds that the name of
// its first message is taken, and ends with [ErrRestarted]. That needs a server that keeps
// objects. Against one that does not, and against a second round, there is [Claim]: it records
// on the client's own disk which updates were sent, so that none is sent masked twice.
package runner
