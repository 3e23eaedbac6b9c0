// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"github.com/pqenc/pqenc/signature"
)

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
	return m.signer, blame(m.signer, s.take(&m, rest))
}

// ReceiveMasked takes the message of [StepMasked] and the masked vector, which it reads to the end
// and compares with the message. It does not keep the vector: [Server.Sum] asks for it again. If
// the vector cannot be read, the client is not to blame, and may send the same message again. After
// a message was accepted, it accepts the same one without reading a vector: the caller keeps the
// first one.
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
func (s *Server) take(m *signed, rest []byte) (err error) {
	p := &party{client: m.signer, index: -1, said: make(map[Step][]byte), shares: [2]map[int]share{{}, {}}}
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
	p.said[m.step] = m.raw // without the items of a deal, which are kept by holder
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
		k := d.due()
		if !bytes.Equal(entry[:3], append(index16(d.index), byte(k))) {
			return fmt.Errorf("%w: not the kind of share that is due for %s", ErrMessage, d.client)
		}
		it := parseItem(d.items[p.index])
		if shareHash(s.roster.digest, d.index, p.index, k, share(entry[3:])) != it.hashes[k] {
			return fmt.Errorf("%w: not the one that %s has dealt", ErrShare, d.client)
		}
	}
	p.shares[selfKind][p.index] = own
	for i, d := range dealers {
		entry := body[i*revealEntry:]
		d.shares[entry[2]][p.index] = share(entry[3:])
	}
	return nil
}
