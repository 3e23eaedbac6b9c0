// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// refusedFile has messages that must be refused: see testdata/README.md.
var refusedFile = filepath.Join("testdata", "refused.txt")

// reasons are the words for errors in refusedFile.
var reasons = map[string]error{
	"accepted": nil, "message": ErrMessage, "step": ErrStep, "round": ErrRound, "signature": ErrSignature, "member": ErrNotMember,
	"roster": ErrRoster, "floor": ErrFloor, "private": graph.ErrNotPrivate, "encoding": vector.ErrEncoding, "share": ErrShare, "threshold": ErrThreshold,
	"second": ErrSecond, "vector": ErrVector,
}

// refusal is a message that comes in a recorded round, and what is to be done with it.
type refusal struct {
	name, round string
	by          string // "client" or "server"
	who         int    // the client, or the participant whose message it is
	after       int    // so many lines of the round have come before
	message     []byte
	vector      []byte // of a client, beside its message
	reason      string
	blames      string // fingerprint of the client that the error blames, or "nobody"
	mentions    string // whose message the server has passed on wrongly, if the error blames nobody
}

// linesBefore returns after how many lines the next one is of a step. For a client, only its own
// lines count.
func (r *recording) linesBefore(step Step, client int) int {
	at := slices.IndexFunc(r.lines, func(l line) bool { return l.step() == step && (client < 0 || l.who == client) })
	if at < 0 {
		return len(r.lines) // after the last step
	}
	return at
}

// refusals makes all messages of refusedFile.
func refusals() (list []refusal) {
	l, c := newListening(), newCollecting()
	for _, a := range append(onClient, l.twice()...) {
		_, pick, at, cut := l.seed(&a)
		list = append(list, refusal{name: a.name, round: "round-3", by: "client", after: l.linesBefore(a.state, 0),
			message: l.change(pick, a.way, at, cut, []byte(a.data)), reason: reasonOf(a.want)}.about(l.recording, a.blames))
	}
	for _, a := range onServer {
		_, pick, at, cut := c.seed(&a)
		message, vector := c.change(pick, a.way, at, cut, []byte(a.data))
		list = append(list, refusal{name: a.name, round: "round-8-early", by: "server", after: c.linesBefore(a.state, -1),
			message: message, vector: vector, reason: reasonOf(a.want)}.about(c.recording, a.blames))
	}
	return slices.Concat(list, forgedForClient(l), forgedInEight(c.recording), inSparse())
}

// about completes a message with the clients that the error is about.
func (f refusal) about(r *recording, blames int) refusal {
	f.blames = "nobody"
	switch {
	case blames == unknown:
		f.blames = hex.EncodeToString([]byte(stranger))
	case blames >= relayed:
		f.mentions = r.parts[blames-relayed].text("fingerprint")
	case blames >= 0:
		f.blames = r.parts[blames].text("fingerprint")
	}
	return f
}

func reasonOf(err error) string {
	for word, reason := range reasons {
		if reason == err {
			return word
		}
	}
	panic(err)
}

// block returns the form of refusedFile.
func (f *refusal) block(known quotes) (b block) {
	b.add("name", f.name)
	b.add("round", f.round)
	b.add("by", f.by)
	b.add("participant", f.who)
	b.add("after", f.after)
	b.add("message", known.shorten(f.message))
	if f.vector != nil {
		b.add("vector", f.vector)
	}
	b.add("reason", f.reason)
	b.add("blames", f.blames)
	if f.mentions != "" {
		b.add("mentions", f.mentions)
	}
	return b
}

func parseRefusal(b block, r *recording) refusal {
	f := refusal{name: b.text("name"), round: b.text("round"), by: b.text("by"), who: b.number("participant"), after: b.number("after"),
		message: lengthen(b.text("message"), r.lines), reason: b.text("reason"), blames: b.text("blames")}
	if b.has("vector") {
		f.vector = b.bytes("vector")
	}
	if b.has("mentions") {
		f.mentions = b.text("mentions")
	}
	return f
}

// TestRefused gives all messages of refusedFile to clients and servers. With -update, it makes them
// again.
func TestRefused(t *testing.T) {
	rounds := make(map[string]*recording)
	for name, r := range recordings(t, "*-*.txt") {
		rounds[strings.TrimSuffix(name, ".txt")] = r
	}
	want := refusals()
	if *update {
		known := make(map[string]quotes)
		for name, r := range rounds {
			known[name] = make(quotes)
			for i, l := range r.lines {
				known[name].add(i+1, l.message)
			}
		}
		var text []string
		for _, f := range want {
			text = append(text, strings.Join(f.block(known[f.round]), "\n")+"\n")
		}
		if err := os.WriteFile(refusedFile, []byte(strings.Join(text, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var list []refusal
	for text := range strings.SplitSeq(strings.TrimSuffix(string(must(os.ReadFile(refusedFile))), "\n"), "\n\n") {
		b := block(strings.Split(text, "\n"))
		list = append(list, parseRefusal(b, rounds[b.text("round")]))
	}
	same := func(a, b refusal) bool {
		a.message, b.message, a.vector, b.vector = nil, nil, nil, nil
		return reflect.DeepEqual(a, b)
	}
	if !slices.EqualFunc(list, want, same) {
		t.Error("recorded are other cases than those of the tests")
	}
	for name, r := range rounds {
		r.refuse(t, slices.DeleteFunc(slices.Clone(list), func(f refusal) bool { return f.round != name }))
	}
}

// refuse gives messages to the clients and to the server of a recorded round.
func (r *recording) refuse(t *testing.T, list []refusal) {
	var server *Server
	clients := make(map[int]*Client)
	for _, f := range list {
		if f.by == "client" {
			clients[f.who] = r.newClient(f.who)
		} else if server == nil {
			server = r.newServer()
		}
	}
	for n := range len(r.lines) + 1 {
		for _, f := range list {
			if f.after != n {
				continue
			}
			t.Run(f.by+"/"+f.name, func(t *testing.T) {
				if f.by == "client" {
					f.refusedBy(t, clients[f.who].clone())
				} else {
					f.refusedByServer(t, server)
				}
			})
		}
		if n == len(r.lines) {
			return
		}
		if err := r.step(n, server, clients[r.lines[n].who]); err != nil {
			t.Fatal(err)
		}
	}
}

// step takes a recorded round one line further, for the server and for a client, as far as they
// are there.
func (r *recording) step(n int, s *Server, c *Client) (err error) {
	l := r.lines[n]
	switch {
	case s != nil && !l.server:
		err = r.give(s, l)
	case s != nil && n > 0 && !r.lines[n-1].server:
		_, err = s.Advance()
	}
	switch {
	case err != nil || c == nil:
	case l.server:
		_, err = r.hear(c, l)
	case l.step() == StepMasked:
		_, _, err = r.mask(c, l.who)
	}
	return err
}

// check compares an error with what is recorded.
func (f *refusal) check(t *testing.T, err error) {
	t.Helper()
	want, known := reasons[f.reason]
	if !known || !errors.Is(err, want) {
		t.Fatalf("%v, want %q", err, f.reason)
	}
	blames := "nobody"
	var blame *ClientError
	if errors.As(err, &blame) {
		blames = hex.EncodeToString(blame.Client[:])
	}
	if blames != f.blames {
		t.Errorf("%v blames %s, want %s", err, blames, f.blames)
	}
	if f.mentions != "" {
		client := signature.Fingerprint(must(hex.DecodeString(f.mentions)))
		if !strings.Contains(err.Error(), client.String()) {
			t.Errorf("%v does not mention %s", err, client)
		}
	}
}

// refusedBy gives a client the message.
func (f *refusal) refusedBy(t *testing.T, c *Client) {
	reply, err := c.Handle(f.message)
	f.check(t, err)
	if err != nil {
		checkEnded(t, c, reply, err)
	}
}

// refusedByServer gives a server the message. What is refused leaves no trace: the client can send
// another message.
func (f *refusal) refusedByServer(t *testing.T, before *Server) {
	s := before.clone()
	_, err := receive(s, f.message, f.vector)
	f.check(t, err)
	if err != nil && !reflect.DeepEqual(s, before) {
		t.Errorf("a refused message has changed the server: %v", err)
	}
}

// checkEnded checks that a client has answered with an error, has forgotten its secrets, and that
// its error stays, whatever comes.
func checkEnded(t *testing.T, c *Client, reply []byte, err error) {
	t.Helper()
	for step := StepInvitation; step <= StepConfirmed; step += 2 {
		if more, again := c.Handle(serverBytes(step, c.binding, nil)); reply != nil || more != nil || again != err {
			t.Errorf("after %v: %v", err, again)
		}
	}
	if _, again := c.Mask(t.Context(), new(bytes.Buffer), nil); again != err {
		t.Errorf("a vector was masked after the end: %v", again)
	}
	if c.keys != nil && (c.keys.secrets != [2]secret{} || c.keys.mask != nil || c.keys.shares != nil) {
		t.Error("keys are left")
	}
	if c.own != (share{}) || len(c.dealings)+len(c.edges)+len(c.answers) != 0 {
		t.Error("secrets are left")
	}
}
