// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/secagg/vector"
)

// Floors are what a client insists on, whatever the server says. If the terms of a round are
// weaker, it refuses them with [ErrFloor] and has sent nothing but its keys.
type Floors struct {
	// Clients is the fewest clients in the roster; at least 3. More than half of the number of
	// members and Corrupt together rules out that the server makes two rosters, and learns a
	// sum of each.
	Clients   int
	Threshold int // lowest threshold; zero leaves it to the check of the graph
	// Corrupt is how many of the members may collude with the server: of all members, not
	// only of those in the round, since the server decides who gets in. Zero is a tenth of
	// them, rounded up; a negative number is none.
	Corrupt int

	Length       int64   // exact number of values; zero for any
	Clip         float64 // smallest bound for values
	FractionBits int     // coarsest resolution, 2^-FractionBits
}

// ClientConfig configures a [Client].
type ClientConfig struct {
	Identity Signer
	// Members are those who may take part, this client among them. They must come from the
	// client's own configuration, or from somebody whom it trusts, and never from the server,
	// who could invent clients.
	Members []Member
	Floors  Floors
}

// Client is a client in one round. It is not safe for concurrent use.
type Client struct {
	id      Signer
	members members
	floors  Floors

	next    Step            // of the server's message that is expected
	answers map[Step]answer // by the step of the question
	err     error           // why the round has ended

	terms   Terms
	binding digest // digest of the terms
	keys    *keys
	roster  *roster
	self    int   // index in the roster
	holders []int // that this client has drawn
	own     share // of its self secret: a client is a holder of its own

	dealings map[int]dealing // by dealer
	edges    map[int][32]byte
	masked   []int // those with whom this client has masked
	counted  []int // dealers that this client counts
}

// answer is what a client has said to a message.
type answer struct {
	question digest
	message  []byte
}

// NewClient returns a client for one round.
func NewClient(c ClientConfig) (*Client, error) {
	members, err := membersOf(c.Members)
	if err != nil {
		return nil, err
	}
	if members[c.Identity.Fingerprint()] == nil {
		return nil, blame(c.Identity.Fingerprint(), ErrNotMember)
	}
	c.Floors.Corrupt = colluders(c.Floors.Corrupt, len(members))
	return &Client{id: c.Identity, members: members, floors: c.Floors, next: StepInvitation,
		answers: make(map[Step]answer)}, nil
}

// Handle takes a message of the server and returns the answer. The answer to [StepDealt] is nil:
// [Client.Mask] comes next. The same message again has the same answer, byte for byte; after Mask,
// that to StepDealt is the statement, and the caller must have kept the masked vector.
//
// After an error the round has ended for this client: it forgets its secrets, and Handle returns
// the same error from then on.
func (c *Client) Handle(message []byte) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	reply, err := c.handle(bytes.Clone(message))
	if err != nil {
		return nil, c.end(err)
	}
	return reply, nil
}

// Close ends the round for this client, which then has dropped out, and forgets its secrets.
func (c *Client) Close() { c.end(ErrEnded) }

// Terms returns the terms of the round. They are zero before the invitation.
func (c *Client) Terms() Terms { return c.terms }

func (c *Client) end(err error) error {
	if c.err == nil {
		c.err = err
	}
	c.forget()
	return err
}

// forget drops all that others must not learn.
func (c *Client) forget() {
	if c.keys != nil {
		c.keys.wipe()
	}
	clear(c.own[:])
	clear(c.dealings)
	clear(c.edges)
	if c.err != nil {
		clear(c.answers)
	}
}

func (c *Client) handle(message []byte) ([]byte, error) {
	step, binding, body, err := parseServer(message)
	if err != nil {
		return nil, err
	}
	question := digest(sha256.Sum256(message))
	if given, done := c.answers[step]; done {
		if given.question != question {
			return nil, fmt.Errorf("%w: %v", ErrSecond, step)
		}
		return given.message, nil
	}
	if step != c.next {
		return nil, fmt.Errorf("%w: %v, where %v is expected", ErrStep, step, c.next)
	}
	reply, err := c.answer(step, binding, body)
	if err != nil {
		return nil, err
	}
	c.answers[step] = answer{question, reply}
	c.next += 2
	if step == StepDealt {
		c.next = stepMask
	}
	return reply, nil
}

// stepMask is when the client expects its own vector, and no message.
const stepMask Step = 0

// answer checks what the message belongs to, and takes the step.
func (c *Client) answer(step Step, binding digest, body []byte) ([]byte, error) {
	if step == StepInvitation {
		return c.advertise(binding, body)
	}
	if step == StepRoster {
		if binding != c.binding {
			return nil, ErrRound
		}
		return c.draw(body)
	}
	if binding != c.roster.digest {
		return nil, ErrRound
	}
	switch step {
	case StepPeers:
		return c.deal(body)
	case StepDealt:
		return nil, c.accept(body)
	case StepCounted:
		return c.confirm(body)
	default: // StepConfirmed
		return c.reveal(body)
	}
}

func (c *Client) sign(step Step, body []byte) ([]byte, error) {
	return sign(c.id, step, c.roster.digest, body)
}

// advertise accepts the terms, and makes the keys of the round.
func (c *Client) advertise(binding digest, body []byte) ([]byte, error) {
	terms, err := parseTerms(body)
	if err != nil {
		return nil, err
	}
	if binding != terms.digest() {
		return nil, ErrRound
	}
	if err := c.floors.encoding(terms.Encoding); err != nil {
		return nil, err
	}
	if c.keys, err = newKeys(binding); err != nil {
		return nil, err
	}
	c.terms, c.binding = terms, binding
	return sign(c.id, StepAdvertisement, binding, c.keys.advertisement())
}

func (f *Floors) encoding(e vector.Encoding) error {
	switch {
	case f.Length != 0 && e.Length != f.Length:
		return fmt.Errorf("%w: vectors of %d values, not %d", ErrFloor, e.Length, f.Length)
	case e.Clip < f.Clip:
		return fmt.Errorf("%w: values are clipped at %g, below %g", ErrFloor, e.Clip, f.Clip)
	case e.FractionBits < f.FractionBits:
		return fmt.Errorf("%w: values have %d bits after the point, fewer than %d", ErrFloor, e.FractionBits, f.FractionBits)
	}
	return e.Check(max(f.Clients, leastClients))
}

// leastClients: with two, each of them learns the vector of the other one.
const leastClients = 3

func (f *Floors) roster(r *roster, e vector.Encoding) error {
	g := r.graph
	switch {
	case g.Clients < max(f.Clients, leastClients):
		return fmt.Errorf("%w: %d clients, fewer than %d", ErrFloor, g.Clients, max(f.Clients, leastClients))
	case g.Threshold < f.Threshold:
		return fmt.Errorf("%w: threshold %d, below %d", ErrFloor, g.Threshold, f.Threshold)
	}
	if err := g.Check(f.Corrupt); err != nil {
		return fmt.Errorf("%w: %w", ErrFloor, err)
	}
	return e.Check(g.Clients)
}

// draw accepts the roster if this client is in it and all others are members, and draws the
// holders. The server has no part in that: it could choose who drops out until it likes the
// result.
func (c *Client) draw(body []byte) ([]byte, error) {
	r, err := parseRoster(c.binding, body)
	if err != nil {
		return nil, err
	}
	for _, e := range r.entries {
		if c.members[e.client] == nil {
			return nil, blame(e.client, ErrNotMember)
		}
	}
	own := signed{signer: c.id.Fingerprint(), binding: c.binding, body: c.keys.advertisement()}
	self := r.index(own.signer)
	if self < 0 || r.entries[self].advertisement != advertisementHash(&own) {
		return nil, fmt.Errorf("%w: it does not have what this client has advertised", ErrRoster)
	}
	if err := c.floors.roster(r, c.terms.Encoding); err != nil {
		return nil, err
	}
	c.roster, c.self, c.holders = r, self, r.graph.Draw(self)
	return c.sign(StepDraw, encodeIndices(c.holders))
}

// deal checks the advertisements of the holders, and gives each of them its shares and its edge
// key.
func (c *Client) deal(body []byte) ([]byte, error) {
	peers, err := c.peers(body)
	if err != nil {
		return nil, err
	}
	var shares [2][]share
	threshold := c.roster.graph.Threshold
	if shares[maskKind], err = c.keys.secrets[maskKind].split(threshold, c.holders); err != nil {
		return nil, err
	}
	all := append(slices.Clone(c.holders), c.self)
	if shares[selfKind], err = c.keys.secrets[selfKind].split(threshold, all); err != nil {
		return nil, err
	}
	c.own = shares[selfKind][len(c.holders)]

	s := summary{commitment: selfCommitment(c.roster.digest, c.self, c.keys.secrets[selfKind]), holders: c.holders}
	var items []byte
	for i, h := range c.holders {
		it, err := c.item(h, peers[i], [2]share{shares[maskKind][i], shares[selfKind][i]})
		if err != nil {
			return nil, blame(c.roster.entries[h].client, err)
		}
		s.leaves = append(s.leaves, leafOf(it))
		items = append(items, it...)
	}
	head, err := c.sign(StepDeal, s.marshal())
	return append(head, items...), err
}

// peers returns the keys of the holders.
func (c *Client) peers(body []byte) ([]advertisement, error) {
	list := make([]advertisement, len(c.holders))
	for i, h := range c.holders {
		e := c.roster.entries[h]
		m, rest, err := cutSigned(body)
		if err != nil {
			return nil, err
		}
		if err := c.verify(&m, StepAdvertisement, c.binding); err != nil {
			return nil, err
		}
		if m.signer != e.client {
			return nil, passedOn(&m, "this client has not drawn it, or it is not in the order of the roster")
		}
		if advertisementHash(&m) != e.advertisement {
			return nil, blame(e.client, fmt.Errorf("%w: it has advertised two sets of keys", ErrRoster))
		}
		if list[i], err = parseAdvertisement(m.body); err != nil {
			return nil, blame(e.client, err)
		}
		body = rest
	}
	if len(body) != 0 {
		return nil, fmt.Errorf("%w: more advertisements than this client has drawn", ErrMessage)
	}
	return list, nil
}

// item returns what one holder gets.
func (c *Client) item(holder int, peer advertisement, shares [2]share) ([]byte, error) {
	r := route{c.roster.digest, c.self, holder}
	var it item
	for k, s := range shares {
		it.hashes[k] = shareHash(r.roster, r.dealer, r.holder, kind(k), s)
	}
	var err error
	if it.shares, err = seal(peer.shares, "share-box", r, slices.Concat(shares[0][:], shares[1][:])); err != nil {
		return nil, err
	}
	edge := edgeKey(r.roster, &c.keys.secrets[maskKind], holder)
	if it.edge, err = seal(peer.mask, "edge-box", r, edge[:]); err != nil {
		return nil, err
	}
	return it.marshal(), nil
}

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

// cut returns the message at the start of b after it has verified it, the index of its signer,
// which comes after last in the roster, and what follows.
func (c *Client) cut(b []byte, step Step, last int) (m signed, index int, rest []byte, err error) {
	if m, rest, err = cutSigned(b); err != nil {
		return m, 0, nil, err
	}
	if err = c.verify(&m, step, c.roster.digest); err != nil {
		return m, 0, nil, err
	}
	index = c.roster.index(m.signer)
	if index <= last || index == c.self {
		err = passedOn(&m, "it comes twice, or not in the order of the roster")
	}
	return m, index, rest, err
}

// verify checks a message that the server has passed on. If it is of another step or round, that is
// not the fault of the client that has signed it.
func (c *Client) verify(m *signed, step Step, binding digest) error {
	err := c.members.verify(m, step, binding)
	if errors.Is(err, ErrStep) || errors.Is(err, ErrRound) {
		return fmt.Errorf("the server has passed on a message of %s: %w", m.signer, errors.Unwrap(err))
	}
	return err
}

// passedOn returns the error for a message that the server has passed on wrongly: the client that
// has signed it is not to blame.
func passedOn(m *signed, why string) error {
	return fmt.Errorf("%w: the server has passed on the %v message of %s: %s", ErrMessage, m.step, m.signer, why)
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
		if _, found := slices.BinarySearch(c.holders, h); !found {
			return fmt.Errorf("%w: %s is said to hold shares, and this client has not drawn it", ErrMessage, c.roster.entries[h].client)
		}
	}
	for dealer := range c.dealings {
		_, drawn := slices.BinarySearch(c.holders, dealer)
		if _, found := slices.BinarySearch(there, dealer); drawn && !found {
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

// subtracts reports whether a subtracts the mask that it shares with b.
func subtracts(a, b int) bool { return a > b }

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
		if !slices.Contains(s.masked, c.self) {
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
		_, drawn := slices.BinarySearch(c.holders, holder)
		_, masked := slices.BinarySearch(c.masked, holder)
		if !drawn || !masked {
			return nil, passedOn(&m, "it holds no share of this client")
		}
		list, err := indices(m.body, c.roster.graph.Clients)
		if err != nil {
			return nil, blame(m.signer, err)
		}
		if _, counted := slices.BinarySearch(list, c.self); !counted {
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

// revealEntry is the size of what a client reveals about a dealer: index, kind, share.
const revealEntry = 2 + 1 + secretSize

// revealed returns the shares: its own first, then those of its dealers.
func (c *Client) revealed() []byte {
	b := slices.Clone(c.own[:])
	for dealer := range c.roster.graph.Clients {
		d, dealt := c.dealings[dealer]
		if !dealt {
			continue
		}
		k := maskKind
		if slices.Contains(c.counted, dealer) {
			k = selfKind
		}
		b = append(append(append(b, index16(dealer)...), byte(k)), d.shares[k][:]...)
	}
	return b
}
