// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/secagg/vector"
)

// accept takes what others have dealt to this client, and which of its holders are still there.
// The edges to both are those along which it masks.
func (c *Client) accept(body []byte) error {
	if len(body) < 2 {
		return fmt.Errorf("%w: dealt of %d bytes", ErrMessage, len(body))
	}
	count, body := int(binary.BigEndian.Uint16(body)), body[2:]
	c.dealings = make(map[int]dealing)
	last := -1
	for range count {
		m, dealer, rest, err := c.cut(body, StepDeal, last)
		if err != nil {
			return err
		}
		if len(rest) < itemSize {
			return fmt.Errorf("%w: an item is cut off", ErrMessage)
		}
		d, err := c.dealing(dealer, &m, rest[:itemSize])
		if err != nil {
			return err
		}
		c.dealings[dealer] = d
		last, body = dealer, rest[itemSize:]
	}
	there, err := indices(body, c.roster.graph.Clients)
	if err != nil {
		return err
	}
	return c.connect(there)
}

// dealing opens and checks what one dealer has dealt to this client.
func (c *Client) dealing(dealer int, m *signed, raw []byte) (d dealing, err error) {
	s, err := parseSummary(c.roster, dealer, m.body)
	if err != nil {
		return d, blame(m.signer, err)
	}
	if leaf, drawn := s.leaf(c.self); !drawn || leaf != leafOf(raw) {
		return d, passedOn(m, "the item is not one that was signed for this client")
	}
	it := parseItem(raw)
	d, err = c.keys.openItem(route{c.roster.digest, dealer, c.self}, &it)
	return d, blame(m.signer, err)
}

// connect decides on the edges. At least threshold holders must be there, itself one of them, so
// that enough of the edges lead to honest clients.
func (c *Client) connect(there []int) error {
	for _, h := range there {
		if !includes(c.holders, h) {
			return fmt.Errorf("%w: %s is said to hold shares, and this client has not drawn it", ErrMessage, c.roster.entries[h].client)
		}
	}
	for dealer := range c.dealings {
		if includes(c.holders, dealer) && !includes(there, dealer) {
			return fmt.Errorf("%w: %s has dealt, and is said to be gone", ErrMessage, c.roster.entries[dealer].client)
		}
	}
	if have, need := len(there)+1, c.roster.graph.Threshold; have < need {
		return fmt.Errorf("%w: %d holders of this client's secrets are there, and %d are needed", ErrThreshold, have, need)
	}
	c.edges = make(map[int][32]byte)
	for dealer, d := range c.dealings {
		c.edges[dealer] = d.edge
	}
	for _, h := range there {
		if _, mutual := c.dealings[h]; !mutual || drawerFirst(c.self, h) {
			c.edges[h] = edgeKey(c.roster.digest, &c.keys.secrets[maskKind], h)
		}
	}
	for j := range c.edges {
		c.masked = append(c.masked, j)
	}
	slices.Sort(c.masked)
	return nil
}

// Mask encodes the update, adds the masks, and writes the masked vector to dst. It returns the
// message of [StepMasked], which belongs to the vector: both go to the server.
//
// The vector is spent with that, and must not be sent masked in another round, because the
// difference of two sums could give it away. So an Update can be used once. A round that the
// server calls failed is no reason to use it again: the server may have its sum.
//
// A block of the vector for each core is in memory, whatever its length. If Mask fails, the round
// has ended for this client.
func (c *Client) Mask(ctx context.Context, dst io.Writer, u *vector.Update) (statement []byte, err error) {
	if c.err != nil {
		return nil, c.err
	}
	if c.next != stepMask {
		return nil, c.end(fmt.Errorf("%w: the vector, where %v is expected", ErrStep, c.next))
	}
	statement, err = c.mask(ctx, dst, u)
	if err != nil {
		return nil, c.end(err)
	}
	clear(c.edges)
	c.keys.wipe() // what is left to do needs the shares of others, and its own one
	c.answers[StepDealt] = answer{c.answers[StepDealt].question, statement}
	c.next = StepCounted
	return statement, nil
}

func (c *Client) mask(ctx context.Context, dst io.Writer, u *vector.Update) ([]byte, error) {
	e := c.terms.Encoding
	src, err := u.Encode(e)
	if err != nil {
		return nil, err
	}
	self := selfMaskKey(c.roster.digest, &c.keys.secrets[selfKind])
	masks := []*mask.Mask{mask.New(&self, false)}
	for j, key := range c.edges {
		masks = append(masks, mask.New(&key, subtracts(c.self, j)))
	}
	h := sha256.New()
	out := io.MultiWriter(h, dst)
	err = mask.Stream(ctx, e.Size(),
		func(block []byte, _ int64) error { _, err := io.ReadFull(src, block); return err },
		func(block []byte, offset int64) error { mask.Apply(block, offset, e.Width, masks); return nil },
		func(block []byte, _ int64) error { _, err := out.Write(block); return err })
	if err != nil {
		return nil, err
	}
	return c.sign(StepMasked, append(h.Sum(nil), encodeIndices(c.masked)...))
}
