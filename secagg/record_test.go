// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// plan is a round to record.
type plan struct {
	name, comment    string
	size             int
	corrupt, dropped int
	encoding         vector.Encoding
	last             map[int]Step // the last message of a participant that goes before the end
	only             bool         // record one client alone
}

var plans = []plan{
	{
		name: "round-3", comment: "nobody drops out", size: 3,
		encoding: vector.Encoding{Length: 5, Width: 32, Clip: 1, FractionBits: 16, MaxWeight: 50},
	},
	{
		name: "round-8-early", size: 9, corrupt: 1, dropped: 2,
		comment:  "of nine members one never answers, one goes before its deal, one after it",
		encoding: vector.Encoding{Length: 37, Width: 32, Clip: 2.5, FractionBits: 12, MaxWeight: 1000},
		last:     map[int]Step{2: 0, 4: StepDraw, 6: StepDeal},
	},
	{
		name: "round-8-late", size: 8, corrupt: 1, dropped: 2,
		comment:  "one goes after its masked vector, one after its confirmation",
		encoding: vector.Encoding{Length: 20, Width: 64, Clip: 100, FractionBits: 40, MaxWeight: 1000},
		last:     map[int]Step{3: StepMasked, 5: StepConfirmation},
	},
	{
		name: "client-100", size: 100, corrupt: 0, dropped: 6, only: true,
		comment:  "one client of a hundred, in a sparse graph; some of its neighbours go at different steps",
		encoding: vector.Encoding{Length: 9, Width: 32, Clip: 1, FractionBits: 16, MaxWeight: 50},
		last: map[int]Step{10: StepDraw, 20: StepDraw, 30: StepDeal, 40: StepDeal, 50: StepDeal, 60: StepMasked, 70: StepMasked,
			80: StepConfirmation},
	},
}

// recorder is a round in memory that is recorded.
type recorder struct {
	*recording
	plan
	ids     []Signer
	server  *Server
	clients []*Client
	masked  map[signature.Fingerprint][]byte
}

func record(t *testing.T, p plan) *recording {
	t.Helper()
	r := &recorder{recording: new(recording), plan: p, masked: make(map[signature.Fingerprint][]byte)}
	for _, raw := range newIdentities(p.size) {
		id := identityOf(raw)
		r.ids = append(r.ids, id)
		b := block{}
		b.add("identity", raw)
		f := id.Fingerprint()
		b.add("fingerprint", f[:])
		r.parts = append(r.parts, b)
	}
	members := r.members()
	r.server = must(NewServer(ServerConfig{Members: members, Encoding: p.encoding, Corrupt: orNone(p.corrupt), Dropped: p.dropped}))
	for i, id := range r.ids {
		r.clients = append(r.clients, must(NewClient(ClientConfig{Identity: id, Members: members, Floors: Floors{Corrupt: orNone(p.corrupt)}})))
		r.parts[i].add("last", int(r.lastOf(i)))
	}
	r.run()
	r.end()
	if p.only {
		return r.one()
	}
	return r.recording
}

func (r *recorder) lastOf(i int) Step {
	if last, goes := r.last[i]; goes {
		return last
	}
	return StepReveal
}

func (r *recorder) run() {
	next := make(map[signature.Fingerprint][]byte)
	for _, id := range r.ids {
		next[id.Fingerprint()] = r.server.Invitation().Bytes()
	}
	for next != nil {
		for i, id := range r.ids {
			if message := next[id.Fingerprint()]; message != nil {
				r.lines = append(r.lines, line{true, i, message})
			}
		}
		for i, id := range r.ids {
			if message := next[id.Fingerprint()]; message != nil && must(StepOf(message)) < r.lastOf(i) {
				r.answer(i, message)
			}
		}
		next = must(advance(r.server))
	}
}

func (r *recorder) answer(i int, message []byte) {
	reply := must(r.clients[i].Handle(message))
	r.capture(i, must(StepOf(message)), reply)
	if reply == nil {
		var vector bytes.Buffer
		reply = must(r.clients[i].Mask(context.Background(), &vector, r.update(i)))
		r.parts[i].add("masked", vector.Bytes())
		r.masked[r.ids[i].Fingerprint()] = vector.Bytes()
		must(r.server.ReceiveMasked(reply, &vector))
	} else {
		must(r.server.Receive(reply))
	}
	r.lines = append(r.lines, line{false, i, reply})
}

// capture records what a client has just drawn or made.
func (r *recorder) capture(i int, step Step, reply []byte) {
	c, p := r.clients[i], &r.parts[i]
	switch step {
	case StepInvitation:
		p.add("mask-secret", c.keys.secrets[maskKind][:])
		p.add("self-secret", c.keys.secrets[selfKind][:])
		p.add("share-key", must(c.keys.shares.Bytes()))
	case StepRoster:
		p.add("index", c.self)
		p.add("drawn", c.holders)
	case StepPeers:
		_, items, _ := cutSigned(reply)
		for at, h := range c.holders {
			holder := slices.IndexFunc(r.clients, func(c *Client) bool { return c.roster != nil && c.self == h })
			it := parseItem(items[at*itemSize : (at+1)*itemSize])
			d := must(r.clients[holder].keys.openItem(route{c.roster.digest, c.self, h}, &it))
			p.add("share", h, d.shares[maskKind][:], d.shares[selfKind][:])
		}
		p.add("own-share", c.own[:])
	case StepDealt:
		key := selfMaskKey(c.roster.digest, &c.keys.secrets[selfKind])
		p.add("self-mask-key", key[:])
		for _, j := range c.masked {
			key := c.edges[j]
			p.add("edge", j, key[:])
		}
	}
}

// update returns an update of whole units, so that nothing is rounded.
func (r *recorder) update(i int) *vector.Update {
	e := r.encoding
	var values []byte
	for range e.Length {
		units := rand.IntN(1<<23) - 1<<22
		x := math.Ldexp(float64(units), -min(e.FractionBits, 17))
		if math.Abs(x) > e.Clip {
			x = math.Mod(x, e.Clip)
		}
		values = binary.LittleEndian.AppendUint32(values, math.Float32bits(float32(x)))
	}
	weight := 1 + rand.Uint32N(e.MaxWeight)
	p := &r.parts[i]
	p.add("values", values)
	p.add("weight", weight)
	p.add("vector", must(io.ReadAll(must(vector.NewUpdate(bytes.NewReader(values), weight).Encode(e)))))
	return vector.NewUpdate(bytes.NewReader(values), weight)
}

// end records the result.
func (r *recorder) end() {
	var sum, mean bytes.Buffer
	result := must(r.server.Sum(context.Background(), &sum, r.vector))
	weight := must(r.encoding.Mean(&mean, bytes.NewReader(sum.Bytes())))
	indices := func(list []signature.Fingerprint) (indices []int) {
		for _, f := range list {
			indices = append(indices, r.server.roster.index(f))
		}
		return indices
	}
	h := &r.head
	h.add("comment", r.comment)
	h.add("terms", r.server.terms.marshal())
	h.add("terms-digest", r.server.binding[:])
	h.add("roster-digest", r.server.roster.digest[:])
	h.add("graph", r.server.Graph().Clients, r.server.Graph().Neighbours, r.server.Graph().Threshold)
	h.add("corrupt", r.corrupt)
	h.add("dropped", r.dropped)
	if !r.only {
		h.add("counted", indices(result.Counted))
		h.add("gone", indices(result.Dropped))
		h.add("sum", sum.Bytes())
		h.add("total-weight", weight)
		h.add("mean", mean.Bytes())
	}
}

func (r *recorder) vector(f signature.Fingerprint) (io.ReaderAt, error) {
	return bytes.NewReader(r.masked[f]), nil
}

// one returns the recording of one client that has a mutual edge to somebody who goes after its
// deal, and another one from or to such a client. Of the members, it has the keys of those with
// whom the client has to do.
func (r *recorder) one() *recording {
	var gone []int
	for i, last := range r.last {
		if last == StepDeal {
			gone = append(gone, r.clients[i].self)
		}
	}
	chosen := slices.IndexFunc(r.clients, func(c *Client) bool {
		var mutual, single bool
		for _, g := range gone {
			drawn, dealt := slices.Contains(c.holders, g), slices.Contains(r.clients[g].holders, c.self)
			mutual = mutual || drawn && dealt
			single = single || drawn != dealt
		}
		return mutual && single && r.lastOf(c.self) == StepReveal
	})
	c := r.clients[chosen]
	one := &recording{head: r.head, parts: r.parts[chosen : chosen+1]}
	for i, id := range r.ids {
		f := id.Fingerprint()
		switch {
		case i == chosen:
		case slices.Contains(c.holders, i) || slices.Contains(r.clients[i].holders, c.self):
			one.head.add("member", f[:], id.SigningKey().Public().Bytes())
		default:
			one.head.add("member", f[:])
		}
	}
	for _, l := range r.lines {
		if l.who == chosen {
			one.lines = append(one.lines, line{l.server, 0, l.message})
		}
	}
	return one
}

// TestRecordingForm requires that a recording which is written is read as the same.
func TestRecordingForm(t *testing.T) {
	r := readRecording("round-3.txt")
	if again := parseRecording(fmt.Sprint(r)); !reflect.DeepEqual(again, r) {
		t.Error("another recording is read than was written")
	}
}

// TestRecord checks that all rounds are recorded, and no other ones. With -update, it records them
// again.
func TestRecord(t *testing.T) {
	want := []string{functionsFile, refusedFile}
	for _, p := range plans {
		name := filepath.Join("testdata", p.name+".txt")
		want = append(want, name)
		if !*update {
			continue
		}
		if err := os.WriteFile(name, []byte(fmt.Sprint(record(t, p))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found := must(filepath.Glob(filepath.Join("testdata", "*.txt")))
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("recorded are %q, and not %q", found, want)
	}
}
