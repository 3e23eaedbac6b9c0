// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/signature"
)

// finished returns the server of a recorded round after the last step.
func (r *recording) finished(t *testing.T) *Server {
	t.Helper()
	s := r.newServer()
	for i, l := range r.lines {
		if l.server && i > 0 && !r.lines[i-1].server {
			must(s.Advance())
		}
		if l.server {
			continue
		}
		if err := r.give(s, l); err != nil {
			t.Fatal(err)
		}
	}
	must(s.Advance())
	return s
}

// TestVectorOfAnotherStep repeats each message that a client has sent, with a vector. The server
// refuses that: its caller would take the vector for the one that belongs to a statement.
func TestVectorOfAnotherStep(t *testing.T) {
	s := newCollecting().before[StepMasked].clone()
	vector := make([]byte, s.Terms().Encoding.Size())
	for f, p := range s.clients {
		for step, message := range p.said {
			if _, err := s.ReceiveMasked(message, bytes.NewReader(vector)); !errors.Is(err, ErrMessage) {
				t.Errorf("%v of %s with a vector: %v", step, f, err)
			}
		}
	}
}

// TestUnreadableVector has masked vectors be unreadable, which is the fault of no client: first
// when one arrives, and then when they are added up. Both can be tried again.
func TestUnreadableVector(t *testing.T) {
	broken := errors.New("the disk is broken")
	fault := func(err error) {
		t.Helper()
		if !errors.Is(err, broken) || errors.As(err, new(*ClientError)) {
			t.Errorf("%v", err)
		}
	}
	c := newCollecting()
	s, statement, vector := c.before[StepMasked].clone(), c.line(StepMasked, 0), c.parts[0].bytes("masked")
	_, err := s.ReceiveMasked(statement, io.MultiReader(bytes.NewReader(vector[:10]), iotest.ErrReader(broken)))
	fault(err)
	if _, err := s.ReceiveMasked(statement, bytes.NewReader(vector)); err != nil {
		t.Error(err)
	}
	r := readRecording("round-8-early.txt")
	s = r.finished(t)
	_, err = s.Sum(t.Context(), io.Discard, func(signature.Fingerprint) (io.ReaderAt, error) { return nil, broken })
	fault(err)
	r.checkSum(t, s)
}

// TestSharesMissing requires that nobody is blamed for shares of its secret that others have not
// revealed.
func TestSharesMissing(t *testing.T) {
	s := readRecording("round-3.txt").finished(t)
	for _, p := range s.clients {
		for holder := range p.shares[selfKind] {
			if len(p.shares[selfKind]) >= s.Graph().Threshold {
				delete(p.shares[selfKind], holder)
			}
		}
	}
	if err := s.restore(); !errors.Is(err, ErrThreshold) || errors.As(err, new(*ClientError)) {
		t.Error(err)
	}
}

// TestFloorNotANumber requires that a floor which is not a number refuses all terms, and not none.
func TestFloorNotANumber(t *testing.T) {
	r := readRecording("round-3.txt")
	c := r.newClient(0)
	c.floors.Clip = math.NaN()
	if _, err := c.Handle(r.line(StepInvitation, 0)); !errors.Is(err, ErrFloor) {
		t.Error(err)
	}
}

// TestManyIndices requires that a list which is longer than the roster is refused for its length,
// before there is memory for it.
func TestManyIndices(t *testing.T) {
	if _, err := indices(make([]byte, 2*5), 5); err == nil || strings.Contains(err.Error(), "more indices") {
		t.Error(err)
	}
	if _, err := indices(make([]byte, 2*6), 5); !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), "more indices") {
		t.Error(err)
	}
}
