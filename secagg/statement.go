// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import "fmt"

// statement is what a client says about its masked vector: its hash, and those it has masked with.
type statement struct {
	vector digest
	masked []int
}

func parseStatement(r *roster, body []byte) (s statement, err error) {
	if len(body) < len(s.vector) {
		return s, fmt.Errorf("%w: statement of %d bytes", ErrMessage, len(body))
	}
	s.vector = digest(body)
	s.masked, err = indices(body[len(s.vector):], r.graph.Clients)
	return s, err
}
