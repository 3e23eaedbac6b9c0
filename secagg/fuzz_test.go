// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/signature"
)

// Both targets replace a part of a recorded message. The state in which it arrives was prepared
// once, and each run works on a copy of it. The seeds are the attacks of attacks_test.go.

// Ways to change a message.
const (
	changeBytes = iota // any bytes
	changeBody         // the body of what a client signs, which it signs again
	changeRest         // what follows the signature: items, or the masked vector
	changes
)

// splice returns b with cut bytes at an offset replaced by data.
func splice(b []byte, at, cut uint32, data []byte) []byte {
	from := int(at % uint32(len(b)+1))
	to := from + int(cut%uint32(len(b)-from+1))
	return slices.Concat(b[:from], data, b[to:])
}

// changed returns a message of a client that is changed in one of these ways.
func (r *recording) changed(message []byte, way uint8, at, cut uint32, data []byte) []byte {
	m, rest, err := cutSigned(message)
	if err != nil || way%changes == changeBytes {
		return splice(message, at, cut, data)
	}
	if way%changes == changeRest {
		return slices.Concat(m.raw, splice(rest, at, cut, data))
	}
	for i, p := range r.parts {
		if r.fingerprint(i) == m.signer {
			head := must(sign(identityOf(p.bytes("identity")), m.step, m.binding, splice(m.body, at, cut, data)))
			return append(head, rest...)
		}
	}
	panic("a message of nobody")
}

// clone returns a copy of a client in the middle of a round.
func (c *Client) clone() *Client {
	d := *c
	if c.keys != nil {
		k := *c.keys
		d.keys = &k
	}
	d.answers, d.dealings, d.edges = maps.Clone(c.answers), maps.Clone(c.dealings), maps.Clone(c.edges)
	d.masked, d.counted = slices.Clone(c.masked), slices.Clone(c.counted)
	return &d
}

// clone returns a copy of a server in the middle of a round.
func (s *Server) clone() *Server {
	d := *s
	d.there, d.clients = maps.Clone(s.there), maps.Clone(s.clients)
	for f, p := range d.clients {
		q := *p
		q.said, q.items = maps.Clone(p.said), maps.Clone(p.items)
		for k := range q.shares {
			q.shares[k] = maps.Clone(p.shares[k])
		}
		d.clients[f] = &q
	}
	return &d
}

// listening is a recorded client, which is prepared for each line of the round that concerns it.
type listening struct {
	*recording
	messages [][]byte         // of the server
	before   map[Step]*Client // before a line of this step
	steps    []Step           // of before, in order
}

func newListening() *listening {
	l := &listening{recording: readRecording("round-3.txt"), before: make(map[Step]*Client)}
	c := l.newClient(0)
	for n, line := range l.lines {
		if line.who != 0 {
			continue
		}
		if line.server || line.step() == StepMasked {
			l.before[line.step()], l.steps = c.clone(), append(l.steps, line.step())
		}
		if line.server {
			l.messages = append(l.messages, line.message)
		}
		if err := l.step(n, nil, c); err != nil {
			panic(err)
		}
	}
	return l
}

// seed returns an attack as the fuzz target takes it.
func (l *listening) seed(a *attack) (state, pick int, at, cut uint32) {
	state, pick = slices.Index(l.steps, a.state), int(a.pick-1)/2
	size := len(l.messages[pick])
	if a.way != changeBytes {
		from, to := l.inner(pick)
		size = a.partOf(l.messages[pick][from:to], nil)
	}
	at, cut = a.place(size)
	return state, pick, at, cut
}

// FuzzClient gives changed messages of the server to a client in the middle of a round. state is
// which line it waits for, and pick which message comes.
func FuzzClient(f *testing.F) {
	l := newListening()
	for _, a := range append(onClient, l.twice()...) {
		state, pick, at, cut := l.seed(&a)
		f.Add(uint8(state), uint8(pick), a.way, at, cut, []byte(a.data))
	}
	f.Fuzz(func(t *testing.T, state, pick, way uint8, at, cut uint32, data []byte) {
		now := l.steps[int(state)%len(l.steps)]
		c := l.before[now].clone()
		message := l.change(int(pick)%len(l.messages), way, at, cut, data)
		reply, _, err := l.say(c, 0, message)
		if err != nil {
			checkEnded(t, c, reply, err)
			return
		}
		if must(StepOf(message)) == StepConfirmed {
			l.checkReveal(t, c, message, reply)
			return
		}
		// What was accepted may let the round fail later, with an error.
		for _, message := range l.messages[now/2:] {
			if reply, _, err = l.say(c, 0, message); err != nil {
				checkEnded(t, c, reply, err)
				return
			}
		}
		l.checkReveal(t, c, l.messages[len(l.messages)-1], reply)
	})
}

// inner returns where the first message of a client is in one of the server, with its item. There
// may be none.
func (l *listening) inner(pick int) (from, to int) {
	message := l.messages[pick]
	from = serverHead
	if must(StepOf(message)) == StepDealt {
		from += 2
	}
	m, _, err := cutSigned(message[from:])
	if err != nil {
		return 0, 0
	}
	to = from + len(m.raw)
	if m.step == StepDeal {
		to += itemSize
	}
	return from, to
}

// change changes a message of the server, or one of a client in it.
func (l *listening) change(pick int, way uint8, at, cut uint32, data []byte) []byte {
	message := l.messages[pick]
	from, to := l.inner(pick)
	if way%changes == changeBytes || to == 0 {
		return splice(message, at, cut, data)
	}
	return slices.Concat(message[:from], l.changed(message[from:to], way, at, cut, data), message[to:])
}

// checkReveal checks that a client which has revealed shares was confirmed by enough holders, and
// that it gave one share of each dealer, of the kind that it has decided on.
func (l *listening) checkReveal(t *testing.T, c *Client, message, reply []byte) {
	t.Helper()
	_, _, body, err := parseServer(message)
	confirmed := map[signature.Fingerprint]bool{c.id.Fingerprint(): true}
	for err == nil && len(body) > 0 {
		var m signed
		if m, body, err = cutSigned(body); err == nil {
			err = c.members.verify(&m, StepConfirmation, c.roster.digest)
		}
		confirmed[m.signer] = true
	}
	if err != nil || len(confirmed) < c.roster.graph.Threshold {
		t.Fatalf("shares are revealed after %d confirmations: %v", len(confirmed), err)
	}
	m, _, err := cutSigned(reply)
	if err != nil || m.step != StepReveal || len(m.body) != secretSize+2*revealEntry {
		t.Fatalf("the answer is %.100x: %v", reply, err)
	}
	p := l.parts[0]
	for i, entry := range slices.Collect(slices.Chunk(m.body[secretSize:], revealEntry)) {
		dealer := i + 1 // the client itself has index 0
		want := maskKind
		if slices.Contains(c.counted, dealer) {
			want = selfKind
		}
		share := l.byIndex(dealer).table("share")[p.number("index")][want]
		if !bytes.Equal(entry, slices.Concat(index16(dealer), []byte{byte(want)}, share[:])) {
			t.Errorf("of client %d it reveals %x", dealer, entry)
		}
	}
}

// collecting is a recorded server, which is prepared for each step: of it, no message has come. For
// the steps between, which are those of the server's messages, all have come.
type collecting struct {
	*recording
	messages []line // of clients
	before   map[Step]*Server
}

func newCollecting() *collecting {
	c := &collecting{recording: readRecording("round-8-early.txt"), before: make(map[Step]*Server)}
	for _, l := range c.lines {
		if !l.server {
			c.messages = append(c.messages, l)
		}
	}
	s := c.newServer()
	for step := StepAdvertisement; step <= StepReveal; step += 2 {
		c.before[step] = s.clone()
		c.collect(s, step, -1)
		c.before[step+1] = s.clone()
		must(s.Advance())
	}
	return c
}

// collect gives the messages of a step to a server, except those of one participant.
func (c *collecting) collect(s *Server, step Step, but int) {
	for _, l := range c.messages {
		if l.step() != step || l.who == but {
			continue
		}
		if err := c.give(s, l); err != nil {
			panic(err)
		}
	}
}

// seed returns an attack as the fuzz target takes it.
func (c *collecting) seed(a *attack) (state, pick int, at, cut uint32) {
	pick = slices.IndexFunc(c.messages, func(l line) bool { return l.who == 0 && l.step() == a.pick })
	at, cut = a.place(a.partOf(c.messages[pick].message, c.parts[0].bytes("masked")))
	return int(a.state - StepAdvertisement), pick, at, cut
}

// FuzzServer gives changed messages of a client to a server in the middle of a round. state is how
// far it is, and pick which message comes. What is refused leaves no trace.
func FuzzServer(f *testing.F) {
	c := newCollecting()
	for _, a := range onServer {
		state, pick, at, cut := c.seed(&a)
		f.Add(uint8(state), uint8(pick), a.way, at, cut, []byte(a.data))
	}
	f.Fuzz(func(t *testing.T, state, pick, way uint8, at, cut uint32, data []byte) {
		l := c.messages[int(pick)%len(c.messages)]
		before := c.before[StepAdvertisement+Step(int(state)%len(c.before))]
		s := before.clone()
		message, vector := c.change(int(pick)%len(c.messages), way, at, cut, data)
		from, err := receive(s, message, vector)
		if err != nil {
			c.checkRefused(t, before, s, message, err)
			return
		}
		if from != c.fingerprint(l.who) || len(s.clients[from].said) == 0 {
			t.Errorf("accepted as a message of %s", from)
		}
		if s.step == l.step() {
			c.collect(s, s.step, l.who)
		}
		if _, err := s.Advance(); err != nil && !errors.Is(err, ErrThreshold) && !errors.As(err, new(*ClientError)) {
			t.Error(err)
		}
	})
}

// change returns a changed message of a client, or the message with its changed vector.
func (c *collecting) change(pick int, way uint8, at, cut uint32, data []byte) (message, vector []byte) {
	l := c.messages[pick]
	if l.step() == StepMasked {
		vector = c.parts[l.who].bytes("masked")
		if way%changes == changeRest {
			return l.message, splice(vector, at, cut, data)
		}
	}
	return c.changed(l.message, way, at, cut, data), vector
}

// receive gives a message to a server, with what belongs to it.
func receive(s *Server, message, vector []byte) (signature.Fingerprint, error) {
	if step, _ := StepOf(message); step == StepMasked {
		return s.ReceiveMasked(message, bytes.NewReader(vector))
	}
	return s.Receive(message)
}

// checkRefused checks that a message has changed nothing, and that the error names who has signed
// it.
func (c *collecting) checkRefused(t *testing.T, before, s *Server, message []byte, err error) {
	t.Helper()
	if !reflect.DeepEqual(s, before) {
		t.Errorf("a refused message has changed the server: %v", err)
	}
	m, _, cutErr := cutSigned(message)
	if cutErr != nil || s.members.verify(&m, m.step, m.binding) != nil {
		return
	}
	var blamed *ClientError
	if !errors.As(err, &blamed) || blamed.Client != m.signer {
		t.Errorf("%v does not name who has signed the message", err)
	}
}
