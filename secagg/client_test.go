// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/pqenc/pqenc/secagg/vector"
)

// TestFloors requires that a client refuses terms that are weaker than its floors, and takes those
// that keep them.
func TestFloors(t *testing.T) {
	ids := identities(t, 5)
	terms := Terms{Encoding: tiny}
	floors := Floors{Corrupt: -1, Length: tiny.Length, Clip: tiny.Clip, FractionBits: tiny.FractionBits}
	for _, test := range []struct {
		name   string
		change func(e *vector.Encoding)
		want   error
	}{
		{"terms that keep them", func(e *vector.Encoding) { e.Clip *= 2 }, nil},
		{"longer vectors", func(e *vector.Encoding) { e.Length++ }, ErrFloor},
		{"shorter vectors", func(e *vector.Encoding) { e.Length-- }, ErrFloor},
		{"clipping that is too low", func(e *vector.Encoding) { e.Clip /= 2 }, ErrFloor},
		{"a resolution that is too low", func(e *vector.Encoding) { e.FractionBits-- }, ErrFloor},
		{"sums that do not fit", func(e *vector.Encoding) { e.FractionBits = 30 }, vector.ErrRange},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := must(NewClient(ClientConfig{Identity: ids[0], Members: publics(ids), Floors: floors}))
			weak := terms
			test.change(&weak.Encoding)
			reply, err := c.Handle(serverBytes(StepInvitation, weak.digest(), weak.marshal()))
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if err != nil {
				checkEnded(t, c, reply, err)
			}
		})
	}
}

// TestFloorOfClients requires that a client which insists on more clients than there are members does
// not join: it would drop out of each round, and others would have counted on it.
func TestFloorOfClients(t *testing.T) {
	ids := identities(t, 4)
	for _, test := range []struct {
		members, floor int
		want           error
	}{{4, 4, nil}, {4, 5, ErrThreshold}, {4, 1, nil}, {3, 0, nil}, {2, 0, ErrThreshold}} {
		_, err := NewClient(ClientConfig{Identity: ids[0], Members: publics(ids[:test.members]), Floors: Floors{Clients: test.floor}})
		if !errors.Is(err, test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestDefaultFloors requires floors that exclude two rosters of a round, unless others are given.
func TestDefaultFloors(t *testing.T) {
	for _, test := range []struct{ members, corrupt, clients, want int }{
		{3, 0, 0, 3}, {3, -1, 0, 3}, {4, 0, 0, 3}, {5, 0, 0, 4}, {5, -1, 0, 3}, {6, 2, 0, 5}, {40, 0, 0, 23}, {40, 0, 1, 3}, {40, 0, 30, 30}, {1000, 100, 0, 551},
	} {
		f := Floors{Corrupt: test.corrupt, Clients: test.clients}
		if f.complete(test.members); f.Clients != test.want {
			t.Errorf("%+v: %d clients", test, f.Clients)
		}
	}
}

// TestRosterFloors requires the same of the roster, for clients that insist on more than the rest.
func TestRosterFloors(t *testing.T) {
	l := newListening()
	for name, floors := range map[string]Floors{
		"clients":   {Corrupt: -1, Clients: 4},
		"threshold": {Corrupt: -1, Threshold: 4},
		"corrupt":   {Corrupt: 1},
		"default":   {}, // one of three
	} {
		c := l.before[StepRoster].clone()
		c.floors = floors
		c.floors.complete(len(c.members))
		reply, err := c.Handle(l.line(StepRoster, 0))
		if !errors.Is(err, ErrFloor) {
			t.Errorf("%s: %v, want %q", name, err, ErrFloor)
			continue
		}
		checkEnded(t, c, reply, err)
	}
	c := l.before[StepRoster].clone()
	c.terms.Encoding.MaxWeight = 1 << 20 // which is too much for three
	reply, err := c.Handle(l.line(StepRoster, 0))
	if !errors.Is(err, vector.ErrRange) {
		t.Errorf("a sum that does not fit: %v, want %q", err, vector.ErrRange)
	}
	checkEnded(t, c, reply, err)
}

// TestForgets requires that a client keeps no secret for longer than it needs it.
func TestForgets(t *testing.T) {
	l := newListening()
	c := l.before[StepCounted].clone()
	if c.keys.secrets != [2]secret{} || c.keys.mask != nil || c.keys.shares != nil || len(c.edges) != 0 {
		t.Error("keys are left when the vector is masked")
	}
	c = l.before[StepConfirmed].clone()
	if _, err := c.Handle(l.line(StepConfirmed, 0)); err != nil || c.own != (share{}) || len(c.dealings) != 0 {
		t.Errorf("shares are left when they are revealed: %v", err)
	}
}

// TestUpdateRefused requires that the round ends for a client whose vector cannot be masked.
func TestUpdateRefused(t *testing.T) {
	l := newListening()
	for want, values := range map[error][]float32{
		vector.ErrLength:    {1},
		vector.ErrNotFinite: {0, float32(math.NaN()), 0, 0, 0},
	} {
		c := l.before[StepMasked].clone()
		reply, err := c.Mask(t.Context(), io.Discard, vector.NewUpdate(vector.Floats(values), 1))
		if !errors.Is(err, want) {
			t.Errorf("%v, want %q", err, want)
		}
		checkEnded(t, c, reply, err)
	}
}

// TestRepeated requires the same bytes for the same message at any time, also from a client that
// has given its shares. A second vector is refused.
func TestRepeated(t *testing.T) {
	l := newListening()
	c := l.newClient(0)
	var replies [][]byte
	for now, message := range l.messages {
		if must(StepOf(message)) == StepDealt {
			if reply, err := l.hear(c, line{true, 0, message}); reply != nil || err != nil {
				t.Errorf("before the vector is masked: %d bytes, %v", len(reply), err)
			}
		}
		reply, _, err := l.say(c, 0, message)
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, reply)
		for earlier, want := range replies {
			if got, err := c.Handle(l.messages[earlier]); err != nil || !bytes.Equal(got, want) {
				t.Errorf("after %d messages, number %d has another answer: %v", now+1, earlier+1, err)
			}
		}
	}
	if _, _, err := l.mask(c, 0); !errors.Is(err, ErrStep) {
		t.Errorf("a second vector: %v, want %q", err, ErrStep)
	}
}
