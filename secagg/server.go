// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// ServerConfig configures a [Server].
type ServerConfig struct {
	Members  []Member // who may take part
	Encoding vector.Encoding
	Clients  int // fewest clients with which a round continues
	// Corrupt is how many of the members may collude with the server: see [Floors]. The graph
	// is planned for them, and the clients check it.
	Corrupt int
	// Dropped is how many of the clients in the roster may drop out. If there are too few
	// clients for so many, the graph is planned for as many as possible.
	Dropped int
}

// Server is the server in one round. It is not safe for concurrent use.
type Server struct {
	config  ServerConfig
	members members
	terms   Terms
	binding digest                         // digest of the terms
	step    Step                           // of the messages of clients that are expected
	there   map[signature.Fingerprint]bool // who may answer in this step
	roster  *roster
	clients map[signature.Fingerprint]*party
	ended   bool
}

// party is what the server knows about a client.
type party struct {
	index   int
	said    map[Step][]byte // the messages of the client
	adverts advertisement
	holders []int
	summary summary
	items   map[int][]byte // by holder
	told    []int          // with whom the client was told to mask
	stated  *statement
	counts  []int            // dealers that the client counts
	shares  [2]map[int]share // of this client's secrets, by kind and holder
	secrets [2]secret        // by kind; zero if not needed
}

// NewServer returns the server of a new round, with random [Terms.Round].
func NewServer(c ServerConfig) (*Server, error) {
	members, err := membersOf(c.Members)
	if err != nil {
		return nil, err
	}
	c.Clients = max(c.Clients, leastClients)
	c.Corrupt = colluders(c.Corrupt, len(members))
	if len(members) < c.Clients {
		return nil, fmt.Errorf("%w: %d members, and %d are needed", ErrThreshold, len(members), c.Clients)
	}
	if err := c.Encoding.Check(len(members)); err != nil {
		return nil, err
	}
	s := &Server{config: c, members: members, terms: Terms{Encoding: c.Encoding}, step: StepAdvertisement,
		there: make(map[signature.Fingerprint]bool), clients: make(map[signature.Fingerprint]*party)}
	rand.Read(s.terms.Round[:])
	s.binding = s.terms.digest()
	for m := range members {
		s.there[m] = true
	}
	return s, nil
}

// Invitation returns the first message for all members.
func (s *Server) Invitation() []byte {
	return serverMessage(StepInvitation, s.binding, s.terms.marshal())
}

// Terms returns the terms of the round.
func (s *Server) Terms() Terms { return s.terms }

// Step returns the step of the messages that the server waits for; zero after the last one.
func (s *Server) Step() Step {
	if s.step > StepReveal {
		return 0
	}
	return s.step
}

// Graph returns the graph of the round. It is zero before the roster.
func (s *Server) Graph() graph.Graph {
	if s.roster == nil {
		return graph.Graph{}
	}
	return s.roster.graph
}

// Waiting returns those who may still answer in this step, in ascending order.
func (s *Server) Waiting() []signature.Fingerprint {
	return s.sorted(func(f signature.Fingerprint) bool { return s.there[f] && !s.answered(f) })
}

// sorted returns those of the members that keep accepts, in ascending order.
func (s *Server) sorted(keep func(signature.Fingerprint) bool) []signature.Fingerprint {
	var list []signature.Fingerprint
	for f := range s.members {
		if keep(f) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b signature.Fingerprint) int { return bytes.Compare(a[:], b[:]) })
	return list
}

func (s *Server) answered(f signature.Fingerprint) bool {
	p := s.clients[f]
	return p != nil && p.said[s.step] != nil
}

// Receive takes a message of a client, in any step but [StepMasked], and returns who has sent it.
// The same message again is accepted. If a message is refused, the round continues as if it had not
// come, and the error is a [ClientError] if it has a signer.
func (s *Server) Receive(message []byte) (signature.Fingerprint, error) {
	m, rest, err := s.parse(message)
	if err != nil {
		return m.signer, err
	}
	if m.step == StepMasked {
		return m.signer, blame(m.signer, fmt.Errorf("%w: the statement comes without its vector", ErrStep))
	}
	if s.repeated(&m) {
		return m.signer, nil
	}
	return m.signer, blame(m.signer, s.take(&m, rest, message))
}

// parse returns a message of somebody who may send it now.
func (s *Server) parse(message []byte) (m signed, rest []byte, err error) {
	if s.ended {
		return m, nil, ErrEnded
	}
	m, rest, err = cutSigned(bytes.Clone(message))
	if err != nil {
		return m, nil, err
	}
	binding := s.binding
	if s.roster != nil && m.step != StepAdvertisement {
		binding = s.roster.digest
	}
	switch err = s.members.verify(&m, m.step, binding); {
	case err != nil:
		return m, nil, err
	case m.step != s.step && !s.repeated(&m):
		return m, nil, blame(m.signer, fmt.Errorf("%w: %v, where %v is expected", ErrStep, m.step, s.step))
	case m.step == s.step && !s.there[m.signer]:
		return m, nil, blame(m.signer, fmt.Errorf("%w: %v of a client that has dropped out", ErrStep, m.step))
	case m.step == s.step && s.answered(m.signer) && !s.repeated(&m):
		return m, nil, blame(m.signer, fmt.Errorf("%w: %v", ErrSecond, m.step))
	}
	return m, rest, nil
}

// repeated reports whether a client has sent just this message before. The items of a deal are not
// compared: their hashes are in the message.
func (s *Server) repeated(m *signed) bool {
	p := s.clients[m.signer]
	return p != nil && p.said[m.step] != nil && bytes.Equal(p.said[m.step], m.raw)
}

// take stores a message after its contents were checked. It works on a copy of the party, so that
// a message which is refused changes nothing.
func (s *Server) take(m *signed, rest, message []byte) (err error) {
	p := &party{index: -1, said: make(map[Step][]byte), shares: [2]map[int]share{{}, {}}}
	if known := s.clients[m.signer]; known != nil {
		*p = *known
	}
	if m.step != StepDeal && len(rest) != 0 {
		return fmt.Errorf("%w: %d bytes after the message", ErrMessage, len(rest))
	}
	switch m.step {
	case StepAdvertisement:
		p.adverts, err = parseAdvertisement(m.body)
	case StepDraw:
		p.holders, err = parseDraw(s.roster, p.index, m.body)
	case StepDeal:
		err = s.takeDeal(p, m, rest)
	case StepConfirmation:
		err = s.takeConfirmation(p, m.body)
	case StepReveal:
		err = s.takeReveal(p, m.body)
	}
	if err != nil {
		return err
	}
	p.said[m.step] = bytes.Clone(message)
	if m.step == StepDeal {
		p.said[m.step] = m.raw // the items are kept by holder
	}
	s.clients[m.signer] = p
	return nil
}

// takeDeal checks that the items are for the holders that the client has drawn.
func (s *Server) takeDeal(p *party, m *signed, items []byte) (err error) {
	p.summary, err = parseSummary(s.roster, p.index, m.body)
	if err != nil {
		return err
	}
	if !slices.Equal(p.summary.holders, p.holders) || len(items) != len(p.holders)*itemSize {
		return fmt.Errorf("%w: the deal is not for those that were drawn", ErrMessage)
	}
	p.items = make(map[int][]byte)
	for i, h := range p.holders {
		it := items[i*itemSize : (i+1)*itemSize]
		if leafOf(it) != p.summary.leaves[i] {
			return fmt.Errorf("%w: an item is not the one that was signed", ErrShare)
		}
		p.items[h] = it
	}
	return nil
}

// ReceiveMasked takes the message of [StepMasked] and the masked vector, which it reads to the end
// and compares with the message. It does not keep the vector: [Server.Sum] asks for it again. If
// the vector cannot be read, the client is not to blame, and may send the same message again.
func (s *Server) ReceiveMasked(statement []byte, masked io.Reader) (signature.Fingerprint, error) {
	m, rest, err := s.parse(statement)
	switch {
	case err != nil:
		return m.signer, err
	case m.step != StepMasked || len(rest) != 0:
		return m.signer, blame(m.signer, fmt.Errorf("%w: not the statement about a vector", ErrMessage))
	case s.repeated(&m):
		return m.signer, nil
	}
	return m.signer, s.takeMasked(&m, masked)
}

func (s *Server) takeMasked(m *signed, masked io.Reader) error {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(masked, s.terms.Encoding.Size()+1))
	if err != nil {
		return fmt.Errorf("the masked vector of %s: %w", m.signer, err)
	}
	return blame(m.signer, s.takeStatement(m, n, digest(h.Sum(nil))))
}

// takeStatement takes the statement about a vector of that size and hash.
func (s *Server) takeStatement(m *signed, size int64, vector digest) error {
	p := s.clients[m.signer]
	stated, err := parseStatement(s.roster, m.body)
	if err != nil {
		return err
	}
	if !slices.Equal(stated.masked, p.told) {
		return fmt.Errorf("%w: it has masked with others than those it was told", ErrMessage)
	}
	if want := s.terms.Encoding.Size(); size != want {
		return fmt.Errorf("%w: it does not have %d bytes", ErrVector, want)
	}
	if vector != stated.vector {
		return ErrVector
	}
	p.stated = &stated
	p.said[StepMasked] = m.raw
	return nil
}

// takeConfirmation checks that a client counts just those dealers that it was told to.
func (s *Server) takeConfirmation(p *party, body []byte) error {
	counts, err := indices(body, s.roster.graph.Clients)
	if err != nil {
		return err
	}
	var want []int
	for _, d := range s.dealersOf(p.index, StepMasked) {
		want = append(want, d.index)
	}
	if !slices.Equal(counts, want) {
		return fmt.Errorf("%w: it does not count those that it was told", ErrMessage)
	}
	p.counts = counts
	return nil
}

// takeReveal checks each share against the hash that its dealer has signed.
func (s *Server) takeReveal(p *party, body []byte) error {
	dealers := s.dealersOf(p.index, StepDeal)
	if len(body) != secretSize+len(dealers)*revealEntry {
		return fmt.Errorf("%w: it does not reveal a share of each of its %d dealers", ErrMessage, len(dealers))
	}
	own, body := share(body), body[secretSize:]
	for i, d := range dealers {
		entry := body[i*revealEntry:]
		k := maskKind
		if d.stated != nil {
			k = selfKind
		}
		if !bytes.Equal(entry[:3], append(index16(d.index), byte(k))) {
			return fmt.Errorf("%w: not the kind of share that is due for %s", ErrMessage, s.roster.entries[d.index].client)
		}
		it := parseItem(d.items[p.index])
		if shareHash(s.roster.digest, d.index, p.index, k, share(entry[3:])) != it.hashes[k] {
			return fmt.Errorf("%w: not the one that %s has dealt", ErrShare, s.roster.entries[d.index].client)
		}
	}
	p.shares[selfKind][p.index] = own
	for i, d := range dealers {
		entry := body[i*revealEntry:]
		d.shares[entry[2]][p.index] = share(entry[3:])
	}
	return nil
}

// dealersOf returns those who have drawn a client and have sent a message of that step, in
// ascending order.
func (s *Server) dealersOf(holder int, step Step) (list []*party) {
	for _, p := range s.inRoster() {
		if p.said[step] == nil {
			continue
		}
		if _, drawn := slices.BinarySearch(p.holders, holder); drawn {
			list = append(list, p)
		}
	}
	return list
}

// inRoster returns the clients in the order of the roster.
func (s *Server) inRoster() []*party {
	list := make([]*party, len(s.roster.entries))
	for i, e := range s.roster.entries {
		list[i] = s.clients[e.client]
	}
	return list
}

// Advance ends a step, when all have answered or after a time-out: clients that have not answered
// have dropped out. It returns the next message for each client that is left, and nil after the
// last step. The error is an [ErrThreshold] if too few are left; then the round has ended.
func (s *Server) Advance() (map[signature.Fingerprint][]byte, error) {
	if s.ended || s.step > StepReveal {
		return nil, ErrEnded
	}
	for f := range s.there {
		if !s.answered(f) {
			delete(s.there, f)
		}
	}
	messages, err := s.advance()
	if err != nil {
		s.ended = true
		return nil, fmt.Errorf("%v: %w", s.step, err)
	}
	s.there = make(map[signature.Fingerprint]bool)
	for f := range messages {
		s.there[f] = true
	}
	s.step += 2
	return messages, nil
}

func (s *Server) advance() (map[signature.Fingerprint][]byte, error) {
	need := s.config.Clients
	if s.roster != nil {
		need = s.roster.graph.Threshold
	}
	if len(s.there) < need {
		return nil, fmt.Errorf("%w: %d have answered, and %d are needed", ErrThreshold, len(s.there), need)
	}
	switch s.step {
	case StepAdvertisement:
		return s.makeRoster()
	case StepDraw:
		return s.each(s.peersOf), nil
	case StepDeal:
		return s.connect()
	case StepMasked:
		return s.each(s.statementsFor), nil
	case StepConfirmation:
		return s.confirmed()
	default: // StepReveal
		return nil, s.restore()
	}
}

// each returns a message with the body for each client that is there.
func (s *Server) each(body func(*party) []byte) map[signature.Fingerprint][]byte {
	messages := make(map[signature.Fingerprint][]byte)
	for f := range s.there {
		messages[f] = serverMessage(s.step+1, s.roster.digest, body(s.clients[f]))
	}
	return messages
}

// plan returns a graph that survives as many drop-outs as were asked for, or as many as so few
// clients can survive.
func (s *Server) plan(clients int) (g graph.Graph, err error) {
	for dropped := s.config.Dropped; dropped >= 0; dropped-- {
		if g, err = graph.Plan(clients, s.config.Corrupt, dropped); err == nil {
			break
		}
	}
	return g, err
}

func (s *Server) makeRoster() (map[signature.Fingerprint][]byte, error) {
	g, err := s.plan(len(s.there))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThreshold, err)
	}
	var entries []entry
	for f := range s.there {
		m, _, err := cutSigned(s.clients[f].said[StepAdvertisement])
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{f, advertisementHash(&m)})
	}
	s.roster = newRoster(s.binding, g, entries)
	body := s.roster.marshal()
	messages := make(map[signature.Fingerprint][]byte)
	for i, e := range s.roster.entries {
		s.clients[e.client].index = i
		messages[e.client] = serverMessage(StepRoster, s.binding, body)
	}
	return messages, nil
}

func (s *Server) peersOf(p *party) (body []byte) {
	for _, h := range p.holders {
		body = append(body, s.clients[s.roster.entries[h].client].said[StepAdvertisement]...)
	}
	return body
}

// connect decides who is left after the deals. A client of whose holders too few have dealt
// would stop by itself; without it, others may have too few in turn.
func (s *Server) connect() (map[signature.Fingerprint][]byte, error) {
	for again := true; again; {
		again = false
		for f := range maps.Clone(s.there) {
			if len(s.holdersLeft(s.clients[f]))+1 < s.roster.graph.Threshold {
				delete(s.there, f)
				delete(s.clients[f].said, StepDeal)
				again = true
			}
		}
	}
	if len(s.there) < s.roster.graph.Threshold {
		return nil, fmt.Errorf("%w: %d have enough holders, and %d are needed", ErrThreshold, len(s.there), s.roster.graph.Threshold)
	}
	return s.each(s.dealtTo), nil
}

// holdersLeft returns the holders of a client that have answered in this step.
func (s *Server) holdersLeft(p *party) (left []int) {
	for _, h := range p.holders {
		if s.there[s.roster.entries[h].client] {
			left = append(left, h)
		}
	}
	return left
}

func (s *Server) dealtTo(p *party) []byte {
	dealers := s.dealersOf(p.index, StepDeal)
	body := index16(len(dealers))
	left := s.holdersLeft(p)
	p.told = slices.Clone(left)
	for _, d := range dealers {
		body = append(append(body, d.said[StepDeal]...), d.items[p.index]...)
		p.told = append(p.told, d.index)
	}
	slices.Sort(p.told)
	p.told = slices.Compact(p.told)
	return append(body, encodeIndices(left)...)
}

// statementsFor returns the statements of the dealers of a client that count.
func (s *Server) statementsFor(p *party) (body []byte) {
	for _, d := range s.dealersOf(p.index, StepMasked) {
		body = append(body, d.said[StepMasked]...)
	}
	return body
}

// confirmed returns for each client the confirmations of its holders. Who has too few of them
// would reveal nothing, and is left out.
func (s *Server) confirmed() (map[signature.Fingerprint][]byte, error) {
	messages := make(map[signature.Fingerprint][]byte)
	for f := range s.there {
		p := s.clients[f]
		left := s.holdersLeft(p)
		if len(left)+1 < s.roster.graph.Threshold {
			continue
		}
		var body []byte
		for _, h := range left {
			body = append(body, s.clients[s.roster.entries[h].client].said[StepConfirmation]...)
		}
		messages[f] = serverMessage(StepConfirmed, s.roster.digest, body)
	}
	if len(messages) < s.roster.graph.Threshold {
		return nil, fmt.Errorf("%w: %d have enough confirmations, and %d are needed", ErrThreshold, len(messages), s.roster.graph.Threshold)
	}
	return messages, nil
}
