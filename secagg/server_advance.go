// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/signature"
)

// Advance ends a step, when all have answered or after a time-out: clients that have not answered
// have dropped out. It returns the next message for each client that is left, and nil after the
// last step. The error is an [ErrThreshold] if too few are left; then the round has ended.
func (s *Server) Advance() (map[signature.Fingerprint]Message, error) {
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

func (s *Server) advance() (map[signature.Fingerprint]Message, error) {
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
func (s *Server) each(body func(*party) [][]byte) map[signature.Fingerprint]Message {
	messages := make(map[signature.Fingerprint]Message)
	for f := range s.there {
		messages[f] = serverMessage(s.step+1, s.roster.digest, body(s.clients[f])...)
	}
	return messages
}

// plan returns a graph that survives as many drop-outs as were asked for, or as many as so few
// clients can survive.
func (s *Server) plan(clients int) (g graph.Graph, err error) {
	for dropped := min(max(s.config.Dropped, 0), clients); dropped >= 0; dropped-- {
		if g, err = graph.Plan(clients, s.config.Corrupt, dropped); err == nil {
			break
		}
	}
	return g, err
}

func (s *Server) makeRoster() (map[signature.Fingerprint]Message, error) {
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
	messages := make(map[signature.Fingerprint]Message)
	for i, e := range s.roster.entries {
		s.clients[e.client].index = i
		messages[e.client] = serverMessage(StepRoster, s.binding, body)
	}
	return messages, nil
}

func (s *Server) peersOf(p *party) (body [][]byte) {
	for _, h := range p.holders {
		body = append(body, s.at(h).said[StepAdvertisement])
	}
	return body
}

// connect decides who is left after the deals. A client of whose holders too few have dealt
// would stop by itself; without it, others may have too few in turn.
func (s *Server) connect() (map[signature.Fingerprint]Message, error) {
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

func (s *Server) dealtTo(p *party) [][]byte {
	dealers := s.dealersOf(p.index, StepDeal)
	body := [][]byte{index16(len(dealers))}
	left := s.holdersLeft(p)
	p.told = slices.Clone(left)
	for _, d := range dealers {
		body = append(body, d.said[StepDeal], d.items[p.index])
		p.told = append(p.told, d.index)
	}
	slices.Sort(p.told)
	p.told = slices.Compact(p.told)
	return append(body, encodeIndices(left))
}

// statementsFor returns the statements of the dealers of a client that count.
func (s *Server) statementsFor(p *party) (body [][]byte) {
	for _, d := range s.dealersOf(p.index, StepMasked) {
		body = append(body, d.said[StepMasked])
	}
	return body
}

// confirmed returns for each client the confirmations of its holders. Who has too few of them
// would reveal nothing, and is left out.
func (s *Server) confirmed() (map[signature.Fingerprint]Message, error) {
	messages := make(map[signature.Fingerprint]Message)
	for f := range s.there {
		p := s.clients[f]
		left := s.holdersLeft(p)
		if len(left)+1 < s.roster.graph.Threshold {
			continue
		}
		var body [][]byte
		for _, h := range left {
			body = append(body, s.at(h).said[StepConfirmation])
		}
		messages[f] = serverMessage(StepConfirmed, s.roster.digest, body...)
	}
	s.markNeeded()
	if len(messages) < s.roster.graph.Threshold {
		return nil, fmt.Errorf("%w: %d have enough confirmations, and %d are needed", ErrThreshold, len(messages), s.roster.graph.Threshold)
	}
	return messages, nil
}

// markNeeded marks those whose secrets the sum needs: the clients that count, and those with which
// they have masked.
func (s *Server) markNeeded() {
	for _, p := range s.inRoster() {
		if p.stated == nil {
			continue
		}
		p.needed = true
		for _, j := range p.stated.masked {
			s.at(j).needed = true
		}
	}
}
