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
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// identities returns n identities, which are made once for all tests.
func identities(t testing.TB, n int) []*keyfile.Identity {
	t.Helper()
	people.Lock()
	defer people.Unlock()
	for len(people.all) < n {
		id, err := keyfile.Generate()
		if err != nil {
			t.Fatal(err)
		}
		people.all = append(people.all, id)
	}
	return people.all[:n:n]
}

var people struct {
	sync.Mutex
	all []*keyfile.Identity
}

func publics(ids []*keyfile.Identity) (list []Member) {
	for _, id := range ids {
		list = append(list, id.Public())
	}
	return list
}

// small is an encoding of few values.
var small = vector.Encoding{Length: 37, Width: 32, Clip: 1, FractionBits: 16, MaxWeight: 50}

// world is a round in memory: the real server and the real clients, and who drops out when.
type world struct {
	server  *Server
	clients map[signature.Fingerprint]*Client
	vectors map[signature.Fingerprint][]byte // encoded, without masks
	masked  map[signature.Fingerprint][]byte
	last    map[signature.Fingerprint]Step // the last message of a client before it drops out
	mu      sync.Mutex                     // guards the server and the maps; clients work side by side
}

func newWorld(t testing.TB, n, corrupt, dropped int, e vector.Encoding) *world {
	t.Helper()
	if corrupt == 0 {
		corrupt = -1 // none, where 0 is the default
	}
	ids := identities(t, n)
	w := &world{
		clients: make(map[signature.Fingerprint]*Client),
		vectors: make(map[signature.Fingerprint][]byte),
		masked:  make(map[signature.Fingerprint][]byte),
		last:    make(map[signature.Fingerprint]Step),
	}
	var err error
	w.server, err = NewServer(ServerConfig{Members: publics(ids), Encoding: e, Corrupt: corrupt, Dropped: dropped})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		c, err := NewClient(ClientConfig{Identity: id, Members: publics(ids), Floors: Floors{Corrupt: corrupt}})
		if err != nil {
			t.Fatal(err)
		}
		w.clients[id.Fingerprint()] = c
		w.last[id.Fingerprint()] = StepReveal
	}
	return w
}

// run runs the round to its end, and returns the sum.
func (w *world) run(t testing.TB) ([]byte, Result, error) {
	t.Helper()
	next := make(map[signature.Fingerprint][]byte)
	for f := range w.clients {
		next[f] = w.server.Invitation()
	}
	for next != nil {
		for f, message := range next {
			if err := w.deliver(f, message); err != nil {
				return nil, Result{}, err
			}
		}
		var err error
		if next, err = w.server.Advance(); err != nil {
			return nil, Result{}, err
		}
	}
	var sum bytes.Buffer
	result, err := w.server.Sum(t.Context(), &sum, func(f signature.Fingerprint) (io.ReaderAt, error) {
		return bytes.NewReader(w.masked[f]), nil
	})
	return sum.Bytes(), result, err
}

// deliver gives a message of the server to a client, and the answer to the server, unless the
// client has dropped out.
func (w *world) deliver(f signature.Fingerprint, message []byte) error {
	step, err := StepOf(message)
	if err != nil || step+1 > w.last[f] {
		return err
	}
	c := w.clients[f]
	reply, err := c.Handle(message)
	if err != nil {
		return fmt.Errorf("%v: %w", step, err)
	}
	if step != StepDealt {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, err := w.server.Receive(reply)
		return err
	}
	var masked bytes.Buffer
	statement, err := c.Mask(neverCancelled, &masked, w.update(f))
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.masked[f] = masked.Bytes()
	_, err = w.server.ReceiveMasked(statement, bytes.NewReader(masked.Bytes()))
	return err
}

// update returns an update of random values, and keeps its encoding. The values are whole units,
// so that there is nothing to round and the encoding is the same each time.
func (w *world) update(f signature.Fingerprint) *vector.Update {
	e := w.server.Terms().Encoding
	values := make([]float32, e.Length)
	for i := range values {
		values[i] = float32(rand.IntN(2*(1<<e.FractionBits)+1)-1<<e.FractionBits) / float32(int(1)<<e.FractionBits)
	}
	weight := uint32(1 + rand.IntN(int(e.MaxWeight)))
	r, err := vector.NewUpdate(vector.Floats(values), weight).Encode(e)
	if err != nil {
		panic(err)
	}
	encoded, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vectors[f] = encoded
	return vector.NewUpdate(vector.Floats(values), weight)
}

// sumOf returns the sum of the encoded vectors of these clients modulo 2^32, word by word.
func (w *world) sumOf(list []signature.Fingerprint) []byte {
	sum := make([]byte, w.server.Terms().Encoding.Size())
	for _, f := range list {
		for i := 0; i < len(sum); i += 4 {
			word := binary.LittleEndian.Uint32(sum[i:]) + binary.LittleEndian.Uint32(w.vectors[f][i:])
			binary.LittleEndian.PutUint32(sum[i:], word)
		}
	}
	return sum
}

func TestRound(t *testing.T) {
	for _, n := range []int{3, 4, 5, 8, 13} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, n, 0, 0, small)
			sum, result, err := w.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Counted) != n || len(result.Dropped) != 0 {
				t.Errorf("%d count, %d have dropped out", len(result.Counted), len(result.Dropped))
			}
			if !bytes.Equal(sum, w.sumOf(result.Counted)) {
				t.Error("the sum is wrong")
			}
		})
	}
}

func TestDropOuts(t *testing.T) {
	for _, last := range []Step{0, StepAdvertisement, StepDraw, StepDeal, StepMasked, StepConfirmation} {
		t.Run(last.String(), func(t *testing.T) {
			w := newWorld(t, 8, 1, 2, small)
			var gone []signature.Fingerprint
			for f := range w.clients {
				if len(gone) < 2 {
					w.last[f] = last
					gone = append(gone, f)
				}
			}
			sum, result, err := w.run(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range gone {
				if slices.Contains(result.Counted, f) != (last >= StepMasked) {
					t.Errorf("gone after %v, counted: %v", last, !(last >= StepMasked))
				}
			}
			if !bytes.Equal(sum, w.sumOf(result.Counted)) {
				t.Error("the sum is wrong")
			}
		})
	}
}

// neverCancelled is for Mask in the middle of a round.
var neverCancelled = context.Background()
