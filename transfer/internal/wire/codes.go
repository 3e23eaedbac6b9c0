// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

// The codes of an [Error]. PROTOCOL.md, section 6, says what each means and
// whether trying again can help.
const (
	CodeDenied    = 1  // no access: unknown key, or one without the right
	CodeNotFound  = 2  // no such object
	CodeExists    = 3  // there is an object of that name already
	CodeQuota     = 4  // the quota of the key is used up
	CodeTooLarge  = 5  // larger than an object may be
	CodeName      = 6  // not a name that an object can have
	CodeNotPqenc  = 7  // not a pqenc file, or not the announced one
	CodeChanged   = 8  // another object has that name by now
	CodeTakenOver = 9  // a newer connection of the same key pushes this object
	CodeProtocol  = 10 // a message that is malformed or out of order
	CodeAbandoned = 11 // from the client: what it has pushed so far is of no use to anybody

	CodeNoSpace  = 32 // no space on the server
	CodeBusy     = 33 // too many connections
	CodeShutdown = 34 // the server is stopping
	CodeIdle     = 35 // no progress for too long
	CodeInternal = 36 // the server failed
)

// Temporary says whether trying again can help.
func Temporary(code uint16) bool { return code >= 32 }
