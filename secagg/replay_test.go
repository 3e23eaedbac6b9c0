// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// newServer returns the server of a recorded round.
func (r *recording) newServer() *Server {
	terms := r.terms()
	s := must(NewServer(ServerConfig{Members: r.members(), Encoding: terms.Encoding,
		Corrupt: orNone(r.head.number("corrupt")), Dropped: r.head.number("dropped")}))
	s.terms, s.binding = terms, terms.digest()
	return s
}

// newClient returns a participant of a recorded round.
func (r *recording) newClient(who int) *Client {
	return must(NewClient(ClientConfig{Identity: identityOf(r.parts[who].bytes("identity")), Members: r.members(),
		Floors: Floors{Corrupt: orNone(r.head.number("corrupt"))}}))
}

// fingerprint returns the fingerprint of a participant.
func (r *recording) fingerprint(who int) signature.Fingerprint {
	return signature.Fingerprint(r.parts[who].bytes("fingerprint"))
}

// masked returns the masked vector of a participant.
func (r *recording) masked(f signature.Fingerprint) (io.ReaderAt, error) {
	for i, p := range r.parts {
		if r.fingerprint(i) == f {
			return bytes.NewReader(p.bytes("masked")), nil
		}
	}
	return nil, errors.New("not in the recording")
}

// give gives a message of a client to a server.
func (r *recording) give(s *Server, l line) error {
	var vector []byte
	if l.step() == StepMasked {
		vector = r.parts[l.who].bytes("masked")
	}
	from, err := receive(s, l.message, vector)
	if err == nil && from != r.fingerprint(l.who) {
		return fmt.Errorf("a message of %s is one of %s", r.fingerprint(l.who), from)
	}
	return err
}

func recordings(t *testing.T, pattern string) map[string]*recording {
	t.Helper()
	names := must(filepath.Glob(filepath.Join("testdata", pattern)))
	if len(names) == 0 {
		t.Fatal("nothing is recorded")
	}
	all := make(map[string]*recording)
	for _, name := range names {
		all[filepath.Base(name)] = readRecording(filepath.Base(name))
	}
	return all
}

// TestRecordedServer gives the recorded messages of the clients to a server, which must say what
// is recorded, and find the recorded sum.
func TestRecordedServer(t *testing.T) {
	for name, r := range recordings(t, "round-*.txt") {
		t.Run(name, func(t *testing.T) {
			s := r.newServer()
			next := make(map[signature.Fingerprint][]byte)
			for _, f := range s.Waiting() {
				next[f] = s.Invitation().Bytes()
			}
			for i, l := range r.lines {
				if !l.server {
					if len(next) > 0 {
						t.Fatalf("line %d: the server has %d messages more", i+1, len(next))
					}
					if err := r.give(s, l); err != nil {
						t.Fatalf("line %d: %v", i+1, err)
					}
					continue
				}
				if !r.lines[max(i-1, 0)].server {
					next = must(advance(s))
				}
				if !bytes.Equal(next[r.fingerprint(l.who)], l.message) {
					t.Fatalf("line %d: the server says %.100x", i+1, next[r.fingerprint(l.who)])
				}
				delete(next, r.fingerprint(l.who))
			}
			if more := must(s.Advance()); more != nil {
				t.Errorf("%d messages after the end", len(more))
			}
			r.checkSum(t, s)
		})
	}
}

// checkSum compares the result of a server.
func (r *recording) checkSum(t *testing.T, s *Server) {
	t.Helper()
	var sum, mean bytes.Buffer
	result, err := s.Sum(t.Context(), &sum, r.masked)
	if err != nil {
		t.Fatal(err)
	}
	weight, err := s.Terms().Encoding.Mean(&mean, bytes.NewReader(sum.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sum.Bytes(), r.head.bytes("sum")) || !bytes.Equal(mean.Bytes(), r.head.bytes("mean")) {
		t.Errorf("sum %x, mean %x", sum.Bytes(), mean.Bytes())
	}
	if s.Graph() != r.roster().graph || s.roster.digest != r.roster().digest {
		t.Errorf("%v, roster %x", s.Graph(), s.roster.digest)
	}
	if int(weight) != r.head.number("total-weight") {
		t.Errorf("total weight %d", weight)
	}
	for key, list := range map[string][]signature.Fingerprint{"counted": result.Counted, "gone": result.Dropped} {
		var got []int
		for _, f := range list {
			got = append(got, s.roster.index(f))
		}
		if !slices.Equal(got, r.head.list(key)) {
			t.Errorf("%s: %d", key, got)
		}
	}
}

// inject puts recorded secrets into the place of what a client has just drawn, in its answer to a
// message of that step.
func (r *recording) inject(c *Client, p block, step Step) {
	switch step {
	case StepInvitation:
		c.keys = r.keysOf(p)
	case StepRoster:
		c.holders = p.list("drawn")
	case StepPeers:
		c.own = share(p.bytes("own-share"))
	}
}

// hear gives a message of the server to a client, which then has the recorded secrets.
func (r *recording) hear(c *Client, l line) ([]byte, error) {
	reply, err := c.Handle(l.message)
	if err == nil {
		r.inject(c, r.parts[l.who], must(StepOf(l.message)))
	}
	return reply, err
}

// mask has a client mask the recorded vector.
func (r *recording) mask(c *Client, who int) (statement, masked []byte, err error) {
	p := r.parts[who]
	var dst bytes.Buffer
	u := vector.NewUpdate(bytes.NewReader(p.bytes("values")), uint32(p.number("weight")))
	statement, err = c.Mask(context.Background(), &dst, u)
	return statement, dst.Bytes(), err
}

// say gives a message of the server to a client, with the recorded vector where it is due. It
// returns the answer and the masked vector.
func (r *recording) say(c *Client, who int, message []byte) (reply, masked []byte, err error) {
	reply, err = r.hear(c, line{true, who, message})
	if err != nil || reply != nil || must(StepOf(message)) != StepDealt {
		return reply, nil, err
	}
	return r.mask(c, who)
}

// TestRecordedClients gives the recorded messages of the server to clients with the recorded
// secrets, which must answer what is recorded, as far as that is not random.
func TestRecordedClients(t *testing.T) {
	for name, r := range recordings(t, "*-*.txt") {
		for who := range r.parts {
			t.Run(fmt.Sprintf("%s/%d", name, who), func(t *testing.T) { r.replayClient(t, who) })
		}
	}
}

func (r *recording) replayClient(t *testing.T, who int) {
	p, c := r.parts[who], r.newClient(who)
	var reply, masked []byte
	for i, l := range r.lines {
		if l.who != who {
			continue
		}
		if l.server {
			if int(l.step()) > p.number("last") {
				break // it has gone
			}
			var err error
			if reply, masked, err = r.say(c, who, l.message); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			continue
		}
		if l.step() == StepMasked && !bytes.Equal(masked, p.bytes("masked")) {
			t.Errorf("line %d: the masked vector is %x", i+1, masked)
		}
		r.compare(t, c, p, reply, l.message)
	}
}

// compare compares what a client has answered with what is recorded. Signatures and boxes are
// random: they must be valid.
func (r *recording) compare(t *testing.T, c *Client, p block, got, want []byte) {
	t.Helper()
	g, w := r.signed(t, p, got), r.signed(t, p, want)
	if g.step != w.step || g.signer != w.signer || g.binding != w.binding {
		t.Fatalf("%v: the answer is %.100x", w.step, got)
	}
	switch w.step {
	case StepAdvertisement:
		g.body = c.keys.advertisement()
	case StepDraw:
		g.body = encodeIndices(c.holders)
	case StepDeal:
		r.checkDeal(t, p, got)
		shares, _ := p.shares()
		for h, s := range r.checkDeal(t, p, want) {
			if s != shares[h] {
				t.Errorf("the shares for %d are %x", h, s)
			}
		}
		return
	}
	if !bytes.Equal(g.body, w.body) {
		t.Errorf("%v: the body is %x", w.step, g.body)
	}
}

// signed parses and verifies a message of a participant.
func (r *recording) signed(t *testing.T, p block, message []byte) signed {
	t.Helper()
	m, rest, err := cutSigned(message)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) != 0 && m.step != StepDeal {
		t.Fatalf("%v: %d bytes after the message", m.step, len(rest))
	}
	binding := r.head.bytes("roster-digest")
	if m.step == StepAdvertisement {
		binding = r.head.bytes("terms-digest")
	}
	key := identityOf(p.bytes("identity")).Public().VerificationKey()
	if err := m.verify(m.step, digest(binding), key); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkDeal opens a deal with the keys of the holders, as far as these are recorded. It must be of
// the recorded secrets. The result is the shares by holder.
func (r *recording) checkDeal(t *testing.T, p block, message []byte) map[int][2]share {
	t.Helper()
	m, items, _ := cutSigned(message)
	roster := r.roster()
	self, own := p.number("index"), r.keysOf(p)
	s, err := parseSummary(roster, self, m.body)
	if err != nil {
		t.Fatal(err)
	}
	if s.commitment != selfCommitment(roster.digest, self, own.secrets[selfKind]) || !slices.Equal(s.holders, p.list("drawn")) {
		t.Error("the summary is not the recorded one")
	}
	shares := make(map[int][2]share)
	for i, h := range s.holders {
		raw := items[i*itemSize : (i+1)*itemSize]
		if leafOf(raw) != s.leaves[i] {
			t.Errorf("item %d is not what was signed", i)
		}
		holder := r.byIndex(h)
		if holder == nil {
			continue
		}
		it := parseItem(raw)
		d, err := r.keysOf(holder).openItem(route{roster.digest, self, h}, &it)
		if err != nil {
			t.Fatal(err)
		}
		if d.edge != edgeKey(roster.digest, &own.secrets[maskKind], h) {
			t.Errorf("edge key for %d: %x", h, d.edge)
		}
		shares[h] = d.shares
	}
	r.checkShares(t, p, shares, nil)
	return shares
}

// roster returns what is recorded of the roster, without its entries.
func (r *recording) roster() *roster {
	n := r.head.list("graph")
	return &roster{graph: graph.Graph{Clients: n[0], Neighbours: n[1], Threshold: n[2]}, digest: digest(r.head.bytes("roster-digest"))}
}

// checkShares combines the shares of both secrets, if they are enough.
func (r *recording) checkShares(t *testing.T, p block, shares map[int][2]share, own *share) {
	t.Helper()
	threshold := r.roster().graph.Threshold
	for k, want := range r.keysOf(p).secrets {
		some := make(map[int]share)
		for h, s := range shares {
			some[h] = s[k]
		}
		if own != nil && kind(k) == selfKind {
			some[p.number("index")] = *own
		}
		if len(some) < threshold {
			continue
		}
		if got, err := combine(threshold, some); err != nil || got != want {
			t.Errorf("client %d: %v secret %x, %v", p.number("index"), kind(k), got, err)
		}
	}
}

// shares returns the recorded shares of a participant, by holder, and its own.
func (p block) shares() (map[int][2]share, share) {
	shares := make(map[int][2]share)
	for h, s := range p.table("share") {
		shares[h] = [2]share{s[maskKind], s[selfKind]}
	}
	return shares, share(p.bytes("own-share"))
}

// TestRecordedShares combines the recorded shares.
func TestRecordedShares(t *testing.T) {
	for name, r := range recordings(t, "*-*.txt") {
		t.Run(name, func(t *testing.T) {
			for _, p := range r.parts {
				if p.has("own-share") {
					shares, own := p.shares()
					r.checkShares(t, p, shares, &own)
				}
			}
		})
	}
}
