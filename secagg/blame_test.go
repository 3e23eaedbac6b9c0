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

// until runs a round up to a step, and returns what the server has sent for it.
func (w *world) until(t *testing.T, step Step) map[signature.Fingerprint][]byte {
	t.Helper()
	next := make(map[signature.Fingerprint][]byte)
	for f := range w.clients {
		next[f] = w.server.Invitation().Bytes()
	}
	for w.server.Step() != step {
		for f, message := range next {
			if err := w.deliver(f, message); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if next, err = advance(w.server); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

// TestVectorOfAnotherStep repeats each message that a client has sent, with a vector. The server
// refuses that: its caller would take the vector for the one that belongs to a statement.
func TestVectorOfAnotherStep(t *testing.T) {
	w := newWorld(t, 4, -1, 0, tiny)
	w.until(t, StepMasked)
	for f, p := range w.server.clients {
		for step, message := range p.said {
			if _, err := w.server.ReceiveMasked(message, bytes.NewReader(make([]byte, tiny.Size()))); !errors.Is(err, ErrMessage) {
				t.Errorf("%v of %s with a vector: %v", step, f, err)
			}
		}
	}
}

// TestUnreadableVector has the masked vectors be unreadable, which is the fault of no client: first
// when they arrive, and then when they are added up. Both can be tried again.
func TestUnreadableVector(t *testing.T) {
	w := newWorld(t, 4, -1, 0, tiny)
	broken := errors.New("the disk is broken")
	fault := func(err error) {
		t.Helper()
		if !errors.Is(err, broken) || errors.As(err, new(*ClientError)) {
			t.Errorf("%v", err)
		}
	}
	for f, message := range w.until(t, StepMasked) {
		if _, err := w.clients[f].Handle(message); err != nil {
			t.Fatal(err)
		}
		var masked bytes.Buffer
		statement, err := w.clients[f].Mask(t.Context(), &masked, w.update())
		if err != nil {
			t.Fatal(err)
		}
		w.masked[f] = masked.Bytes()
		_, err = w.server.ReceiveMasked(statement, io.MultiReader(bytes.NewReader(masked.Bytes()[:10]), iotest.ErrReader(broken)))
		fault(err)
		if _, err := w.server.ReceiveMasked(statement, &masked); err != nil {
			t.Fatal(err)
		}
	}
	next, err := advance(w.server)
	for ; next != nil; next, err = advance(w.server) {
		for f, message := range next {
			if err := w.deliver(f, message); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.server.Sum(t.Context(), io.Discard, func(signature.Fingerprint) (io.ReaderAt, error) { return nil, broken })
	fault(err)
	var sum bytes.Buffer
	result, err := w.server.Sum(t.Context(), &sum, func(f signature.Fingerprint) (io.ReaderAt, error) { return bytes.NewReader(w.masked[f]), nil })
	if err != nil || len(result.Counted) != 4 {
		t.Fatalf("the sum after that: %v", err)
	}
	if weight, err := tiny.Mean(io.Discard, bytes.NewReader(sum.Bytes())); err != nil || weight != 4 {
		t.Errorf("the sum after that has a weight of %d: %v", weight, err)
	}
}

// TestSharesMissing requires that nobody is blamed for shares of its secret that others have not
// revealed.
func TestSharesMissing(t *testing.T) {
	w := newWorld(t, 4, -1, 0, tiny)
	w.until(t, 0)
	for _, p := range w.server.clients {
		for holder := range p.shares[selfKind] {
			if len(p.shares[selfKind]) >= w.server.Graph().Threshold {
				delete(p.shares[selfKind], holder)
			}
		}
	}
	if err := w.server.restore(); !errors.Is(err, ErrThreshold) || errors.As(err, new(*ClientError)) {
		t.Error(err)
	}
}

// TestFloorNotANumber requires that a floor which is not a number refuses all terms, and not none.
func TestFloorNotANumber(t *testing.T) {
	w := newWorld(t, 4, -1, 0, tiny)
	for _, c := range w.clients {
		c.floors.Clip = math.NaN()
		if _, err := c.Handle(w.server.Invitation().Bytes()); !errors.Is(err, ErrFloor) {
			t.Error(err)
		}
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
