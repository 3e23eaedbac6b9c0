// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import "github.com/pqenc/pqenc/signature"

// advance is Server.Advance with all messages put together. Like that it returns nil after the last
// step.
func advance(s *Server) (map[signature.Fingerprint][]byte, error) {
	messages, err := s.Advance()
	if messages == nil || err != nil {
		return nil, err
	}
	all := make(map[signature.Fingerprint][]byte)
	for f, m := range messages {
		all[f] = m.Bytes()
	}
	return all, nil
}

// serverBytes is serverMessage, put together.
func serverBytes(step Step, binding digest, body []byte) []byte {
	return serverMessage(step, binding, body).Bytes()
}
