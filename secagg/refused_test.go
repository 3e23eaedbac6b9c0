// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/pqenc/pqenc/signature"
)

// TestRefusedMessages has a client whose messages are refused from one step on: the error names
// it, and the round ends without it.
func TestRefusedMessages(t *testing.T) {
	for step := StepAdvertisement; step <= StepReveal; step += 2 {
		for name, change := range map[string]func(m *signed) []byte{
			"another signature": func(m *signed) []byte {
				raw := bytes.Clone(m.raw)
				raw[len(raw)-1] ^= 1
				return raw
			},
			"trailing bytes":   func(m *signed) []byte { return append(bytes.Clone(m.raw), 0) },
			"an earlier round": nil,
		} {
			t.Run(fmt.Sprintf("%v/%s", step, name), func(t *testing.T) {
				w := newWorld(t, 5, -1, 1, small)
				id := identities(t, 1)[0]
				bad := id.Fingerprint()
				if change == nil {
					change = func(m *signed) []byte { return must(sign(id, m.step, digest{1}, m.body)) }
				}
				refused := 0
				sum, counted := w.refuse(t, bad, step, func(message []byte) {
					m, _, err := cutSigned(message)
					if err != nil {
						t.Fatal(err)
					}
					_, err = w.receive(change(&m), w.masked[bad])
					var blamed *ClientError
					if !errors.As(err, &blamed) || blamed.Client != bad {
						t.Errorf("the error is %v", err)
					}
					refused++
				})
				if refused != 1 {
					t.Errorf("%d messages were refused", refused)
				}
				if !bytes.Equal(sum, w.sumOf(counted)) {
					t.Error("the sum is wrong")
				}
			})
		}
	}
}

// receive gives a message to the server, with the vector that belongs to it.
func (w *world) receive(message, masked []byte) (signature.Fingerprint, error) {
	if must(StepOf(message)) == StepMasked {
		return w.server.ReceiveMasked(message, bytes.NewReader(masked))
	}
	return w.server.Receive(message)
}

// refuse runs a round in which one client's message of a step is given to bad, and nothing from
// it comes later. It returns the sum, and whose vectors are in it.
func (w *world) refuse(t *testing.T, client signature.Fingerprint, step Step, bad func(message []byte)) ([]byte, []signature.Fingerprint) {
	t.Helper()
	w.last[client] = step - 2
	next := make(map[signature.Fingerprint][]byte)
	for f := range w.clients {
		next[f] = w.server.Invitation()
	}
	for next != nil {
		if message := next[client]; message != nil && must(StepOf(message))+1 == step {
			reply := must(w.clients[client].Handle(message))
			if reply == nil {
				var masked bytes.Buffer
				reply = must(w.clients[client].Mask(t.Context(), &masked, w.update(client)))
				w.masked[client] = masked.Bytes()
			}
			bad(reply)
		}
		for f, message := range next {
			if err := w.deliver(f, message); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if next, err = w.server.Advance(); err != nil {
			t.Fatal(err)
		}
	}
	var sum bytes.Buffer
	result := must(w.server.Sum(t.Context(), &sum, func(f signature.Fingerprint) (io.ReaderAt, error) {
		return bytes.NewReader(w.masked[f]), nil
	}))
	return sum.Bytes(), result.Counted
}

// TestRepeatedDealt has the server say again what it has dealt, as after a lost connection: the
// client answers with the statement about its vector, and does not mask another one.
func TestRepeatedDealt(t *testing.T) {
	l := readRecording("round-3.txt")
	c := l.newClient(0)
	for _, line := range l.lines {
		if !line.server || line.who != 0 {
			continue
		}
		first, _, err := l.say(c, 0, line.message)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Handle(line.message)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%v: %v, and not the same answer", line.step(), err)
		}
	}
}
