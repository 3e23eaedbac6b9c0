// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

const size = 300_000 // more than a mebibyte

// learner is a client of the relay under test.
type learner struct {
	transfer.Client
	id    *keyfile.Identity
	relay *keyfile.Public
}

func newLearner(t *testing.T, url string, relay *keyfile.Public) *learner {
	id, err := keyfile.Generate()
	if err != nil {
		t.Fatal(err)
	}
	l := &learner{id: id, relay: relay}
	l.URL, l.Identity = url, id
	l.CheckServer = func(server keyfile.Fingerprint) error {
		if server != relay.Fingerprint() {
			return transfer.ErrUnknownServer
		}
		return nil
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// push pushes an update of equal values.
func (l *learner) push(ctx context.Context, name, label string, value float32) error {
	update := make([]float32, size)
	for i := range update {
		update[i] = value
	}
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, l.id, label, l.relay)
	if err == nil {
		err = binary.Write(w, binary.LittleEndian, update)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	return l.PushFile(ctx, name, bytes.NewReader(file.Bytes()), int64(file.Len()), transfer.PushOptions{Overwrite: true})
}

// pull waits for a mean, and returns it.
func (l *learner) pull(ctx context.Context, name, label string) ([]float32, error) {
	r := l.Reader(ctx, name, transfer.PullOptions{Follow: true})
	defer r.Close()
	d, err := pqenc.DecryptSigned(r, pqenc.Policy{From: []pqenc.Sender{l.relay}, Context: &label}, l.id)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(d)
	if err != nil {
		return nil, err
	}
	mean := make([]float32, len(data)/4)
	return mean, binary.Read(bytes.NewReader(data), binary.LittleEndian, mean)
}

// start runs a relay, and returns clients of it.
func start(t *testing.T, clients int) []*learner {
	id, err := keyfile.Generate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newAggregator(id, t.TempDir(), size)
	var all []*learner
	for range clients {
		l := newLearner(t, "ws://"+listener.Addr().String()+"/pqenc", id.Public())
		all = append(all, l)
		a.clients = append(a.clients, l.id.Public())
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, a) }()
	t.Cleanup(func() {
		for _, l := range all {
			l.Close()
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return all
}

// TestRounds runs two rounds with four clients at once. The sums are exact in every order
// of adding.
func TestRounds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all := start(t, 4)
	errs := make(chan error, len(all))
	for i, l := range all {
		go func() {
			for round := int64(1); round <= 2; round++ {
				if err := l.push(ctx, updateName(round, i), label(round), float32(int64(3*i)+round)); err != nil {
					errs <- err
					return
				}
				mean, err := l.pull(ctx, meanName(round), label(round))
				if err != nil {
					errs <- err
					return
				}
				for _, value := range mean { // of round, 3 + round, 6 + round and 9 + round
					if want := float32(round) + 4.5; len(mean) != size || value != want {
						t.Errorf("round %d: %v of %d, want %v of %d", round, value, len(mean), want, size)
						break
					}
				}
			}
			errs <- nil
		}()
	}
	for range all {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// TestRights requires that the server denies what clients must not do.
func TestRights(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all := start(t, 2)
	for _, name := range []string{updateName(1, 1), updateName(2, 0), updateName(1, -1), meanName(0), meanName(1), "else.pqe"} {
		if err := all[0].push(ctx, name, label(1), 1); !errors.Is(err, transfer.ErrDenied) {
			t.Errorf("push %s: %v", name, err)
		}
	}
	for _, name := range []string{updateName(1, 0), updateName(1, 1), meanName(2), "else.pqe"} {
		if err := all[0].Pull(ctx, name, io.Discard, transfer.PullOptions{}); !errors.Is(err, transfer.ErrDenied) {
			t.Errorf("pull %s: %v", name, err)
		}
	}
	stranger := newLearner(t, all[0].URL, all[0].relay)
	if err := stranger.push(ctx, updateName(1, 0), label(1), 1); !errors.Is(err, transfer.ErrDenied) {
		t.Errorf("a stranger: %v", err)
	}
}

// TestWrongUpdate pushes an update for another round under the name of this one,
// which does not count. The right one then does.
func TestWrongUpdate(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := start(t, 1)[0]
	for _, purpose := range []string{label(2), label(1)} {
		if err := l.push(ctx, updateName(1, 0), purpose, float32(len(purpose))); err != nil {
			t.Fatal(err)
		}
		if err := l.Pull(ctx, meanName(1), io.Discard, transfer.PullOptions{}); purpose != label(1) && !errors.Is(err, transfer.ErrNotFound) {
			t.Errorf("there is a mean: %v", err)
		}
	}
	if _, err := l.pull(ctx, meanName(1), label(1)); err != nil {
		t.Fatal(err)
	}
}
