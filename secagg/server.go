// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// ServerConfig configures a [Server].
type ServerConfig struct {
	Members  []Member        // who may take part; a roster has at most [graph.MaxClients]
	Encoding vector.Encoding // of the vectors; it must fit for all members
	Clients  int             // fewest clients with which a roster is made; at least 3
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
	client  signature.Fingerprint
	index   int              // in the roster
	said    map[Step][]byte  // the messages of the client
	adverts advertisement    // the keys of its round
	holders []int            // that it has drawn
	summary summary          // of its deal
	items   map[int][]byte   // by holder
	told    []int            // with whom the client was told to mask
	stated  *statement       // about its masked vector; nil as long as it does not count
	needed  bool             // whether the secret that is due is needed for the sum
	shares  [2]map[int]share // of this client's secrets, by kind and holder
	secrets [2]secret        // by kind; zero if not needed
}

// due returns the kind of the secret of a client that its holders give back: never both.
func (p *party) due() kind {
	if p.stated != nil {
		return selfKind
	}
	return maskKind
}

// ofOthers returns how many shares there are of the secret that is due, without the client's own:
// that has no hash to compare it with.
func (p *party) ofOthers() int {
	shares := p.shares[p.due()]
	if _, own := shares[p.index]; own {
		return len(shares) - 1
	}
	return len(shares)
}

// NewServer returns the server of a new round, with random [Terms.Round]. The error is an
// [ErrRoster] if a member is listed twice, an [ErrThreshold] if there are fewer members than
// Clients, or one of [vector.Encoding.Check].
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
	if _, err := graph.Plan(len(members), c.Corrupt, 0); err != nil {
		return nil, fmt.Errorf("%w, even if all members take part: %w", ErrThreshold, err)
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
func (s *Server) Invitation() Message {
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

// Waiting returns those who may still answer in this step, in ascending order. In the last step it
// returns nobody as soon as there are enough shares: the other clients may be gone.
func (s *Server) Waiting() []signature.Fingerprint {
	if s.step == StepReveal && s.enough() {
		return nil
	}
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

// inRoster returns the clients in the order of the roster.
func (s *Server) inRoster() []*party {
	list := make([]*party, len(s.roster.entries))
	for i := range list {
		list[i] = s.at(i)
	}
	return list
}

// at returns the client of an index in the roster.
func (s *Server) at(index int) *party { return s.clients[s.roster.entries[index].client] }

// dealersOf returns those who have drawn a client and have sent a message of that step, in
// ascending order.
func (s *Server) dealersOf(holder int, step Step) (list []*party) {
	for _, p := range s.inRoster() {
		if p.said[step] != nil && includes(p.holders, holder) {
			list = append(list, p)
		}
	}
	return list
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
