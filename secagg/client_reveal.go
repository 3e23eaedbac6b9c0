// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"slices"
)

// confirm decides once and for all which dealers count. A dealer counts only if it has signed that
// it masked with this client: so the sum cannot be completed without an edge to each of those who
// help to complete it.
func (c *Client) confirm(body []byte) ([]byte, error) {
	for last := -1; len(body) > 0; {
		m, dealer, rest, err := c.cut(body, StepMasked, last)
		if err != nil {
			return nil, err
		}
		if _, dealt := c.dealings[dealer]; !dealt {
			return nil, passedOn(&m, "it has dealt nothing to this client")
		}
		s, err := parseStatement(c.roster, m.body)
		if err != nil {
			return nil, blame(m.signer, err)
		}
		if !includes(s.masked, c.self) {
			return nil, passedOn(&m, "it has not masked with this client")
		}
		c.counted = append(c.counted, dealer)
		last, body = dealer, rest
	}
	return c.sign(StepConfirmation, encodeIndices(c.counted))
}

// reveal gives a share of the self secret of each dealer that counts, and of the mask secret of
// each one that does not. Before, at least threshold holders of this client, itself one of them,
// must have confirmed that they count it: they will not give its mask secret away.
func (c *Client) reveal(body []byte) ([]byte, error) {
	have := 1
	for last := -1; len(body) > 0; have++ {
		m, holder, rest, err := c.cut(body, StepConfirmation, last)
		if err != nil {
			return nil, err
		}
		if !includes(c.holders, holder) || !includes(c.masked, holder) {
			return nil, passedOn(&m, "it holds no share of this client")
		}
		list, err := indices(m.body, c.roster.graph.Clients)
		if err != nil {
			return nil, blame(m.signer, err)
		}
		if !includes(list, c.self) {
			return nil, passedOn(&m, "it does not count this client")
		}
		last, body = holder, rest
	}
	if need := c.roster.graph.Threshold; have < need {
		return nil, fmt.Errorf("%w: %d holders count this client, and %d are needed", ErrThreshold, have, need)
	}
	reply, err := c.sign(StepReveal, c.revealed())
	c.forget()
	return reply, err
}

// revealed returns the shares: its own first, then those of its dealers.
func (c *Client) revealed() []byte {
	b := slices.Clone(c.own[:])
	for dealer := range c.roster.graph.Clients {
		d, dealt := c.dealings[dealer]
		if !dealt {
			continue
		}
		k := maskKind
		if includes(c.counted, dealer) {
			k = selfKind
		}
		b = append(append(append(b, index16(dealer)...), byte(k)), d.shares[k][:]...)
	}
	return b
}
