// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import "bytes"

// Message is a message of the server, in parts. What one client has said goes to many others, and
// all their messages share it: put together, those of a step take several times the memory of what
// the server has received, tens of gigabytes for thousands of clients. So put only those together
// that are being sent, or write the parts. They must not be changed.
type Message [][]byte

// Bytes returns the message, put together.
func (m Message) Bytes() []byte { return bytes.Join(m, nil) }

// Len returns the length of the message in bytes.
func (m Message) Len() (n int) {
	for _, part := range m {
		n += len(part)
	}
	return n
}
