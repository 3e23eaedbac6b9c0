// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/signature"
)

// Both targets replace a part of a recorded message. The state in which it arrives was prepared
// once, and each run works on a copy of it. The seeds are in testdata/fuzz.

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

// listening is a recorded client, which is prepared for each message of the server.
type listening struct {
	*recording
	messages [][]byte  // of the server
	before   []*Client // before each of them
}

func newListening(f testing.TB) *listening {
	l := &listening{recording: readRecording("round-3.txt")}
	c := l.newClient(0)
	for _, line := range l.lines {
		if !line.server || line.who != 0 {
			continue
		}
		l.messages, l.before = append(l.messages, line.message), append(l.before, c.clone())
		if _, _, err := l.say(c, 0, line.message); err != nil {
			f.Fatal(err)
		}
	}
	return l
}

// FuzzClient gives changed messages of the server to a client in the middle of a round. state is
// which message it waits for, and pick which one comes.
func FuzzClient(f *testing.F) {
	l := newListening(f)
	f.Fuzz(func(t *testing.T, state, pick, way uint8, at, cut uint32, data []byte) {
		now := int(state) % len(l.before)
		c := l.before[now].clone()
		message := l.change(int(pick)%len(l.messages), way, at, cut, data)
		reply, _, err := l.say(c, 0, message)
		if err != nil {
			l.checkEnded(t, c, err, now)
			return
		}
		if must(StepOf(message)) == StepConfirmed {
			l.checkReveal(t, c, message, reply)
			return
		}
		// What was accepted may let the round fail later, with an error.
		for _, message := range l.messages[now:] {
			if reply, _, err = l.say(c, 0, message); err != nil {
				l.checkEnded(t, c, err, now)
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

// checkEnded checks that a client has forgotten its secrets, and that its error stays.
func (l *listening) checkEnded(t *testing.T, c *Client, err error, now int) {
	t.Helper()
	if reply, _, again := l.say(c, 0, l.messages[now]); reply != nil || again != err {
		t.Errorf("after %v: %v", err, again)
	}
	if _, err := c.Mask(t.Context(), new(bytes.Buffer), nil); err == nil {
		t.Error("a vector was masked after the end")
	}
	if c.keys != nil && (c.keys.secrets != [2]secret{} || c.keys.mask != nil || c.keys.shares != nil) {
		t.Error("keys are left")
	}
	if c.own != (share{}) || len(c.dealings)+len(c.edges)+len(c.answers) != 0 {
		t.Error("secrets are left")
	}
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

// collecting is a recorded server, which is prepared for each message of a client: all others
// have answered.
type collecting struct {
	*recording
	messages []line // of clients
	before   map[Step]map[int]*Server
}

func newCollecting(f testing.TB) *collecting {
	c := &collecting{recording: readRecording("round-8-early.txt"), before: make(map[Step]map[int]*Server)}
	for _, l := range c.lines {
		if !l.server {
			c.messages = append(c.messages, l)
		}
	}
	s := c.newServer()
	for step := StepAdvertisement; step <= StepReveal; step += 2 {
		c.before[step] = make(map[int]*Server)
		for who := range c.parts {
			all := s.clone()
			c.collect(f, all, step, who)
			c.before[step][who] = all
		}
		c.collect(f, s, step, -1)
		if _, err := s.Advance(); err != nil {
			f.Fatal(err)
		}
	}
	return c
}

// collect gives the messages of a step to a server, except those of one participant.
func (c *collecting) collect(f testing.TB, s *Server, step Step, but int) {
	f.Helper()
	for _, l := range c.messages {
		if l.step() != step || l.who == but {
			continue
		}
		if err := c.give(s, l); err != nil {
			f.Fatal(err)
		}
	}
}

// FuzzServer gives changed messages of a client to a server in the middle of a round. state is the
// step that it is in, and pick which message comes. What is refused leaves no trace.
func FuzzServer(f *testing.F) {
	c := newCollecting(f)
	f.Fuzz(func(t *testing.T, state, pick, way uint8, at, cut uint32, data []byte) {
		l := c.messages[int(pick)%len(c.messages)]
		before := c.before[StepAdvertisement+Step(state%6)*2][l.who]
		s := before.clone()
		from, err := c.attack(s, int(pick)%len(c.messages), way, at, cut, data)
		if err != nil {
			c.checkRefused(t, before, s, err)
			return
		}
		if from != c.fingerprint(l.who) || len(s.clients[from].said) == 0 {
			t.Errorf("accepted as a message of %s", from)
		}
		if _, err := s.Advance(); err != nil && !errors.Is(err, ErrThreshold) && !errors.As(err, new(*ClientError)) {
			t.Error(err)
		}
	})
}

// attack gives a changed message, or one with a changed vector, to a server. An error of a message
// that is signed must name who has signed it.
func (c *collecting) attack(s *Server, pick int, way uint8, at, cut uint32, data []byte) (signature.Fingerprint, error) {
	l := c.messages[pick]
	message, vector := l.message, []byte(nil)
	if l.step() == StepMasked {
		vector = c.parts[l.who].bytes("masked")
	}
	if l.step() == StepMasked && way%changes == changeRest {
		vector = splice(vector, at, cut, data)
	} else {
		message = c.changed(message, way, at, cut, data)
	}
	receive := s.Receive
	if step, _ := StepOf(message); step == StepMasked {
		receive = func(message []byte) (signature.Fingerprint, error) {
			return s.ReceiveMasked(message, bytes.NewReader(vector))
		}
	}
	from, err := receive(message)
	m, _, cutErr := cutSigned(message)
	if err == nil || cutErr != nil || s.members.verify(&m, m.step, m.binding) != nil {
		return from, err
	}
	var blamed *ClientError
	if !errors.As(err, &blamed) || blamed.Client != m.signer {
		return from, fmt.Errorf("%w: %v", errNotNamed, err)
	}
	return from, err
}

var errNotNamed = errors.New("the error does not name who has signed the message")

// checkRefused checks that a message has changed nothing, and that the error names who has signed
// it.
func (c *collecting) checkRefused(t *testing.T, before, s *Server, err error) {
	t.Helper()
	if !reflect.DeepEqual(s, before) {
		t.Errorf("a refused message has changed the server: %v", err)
	}
	if errors.Is(err, errNotNamed) {
		t.Error(err)
	}
}
