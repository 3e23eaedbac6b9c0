// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// attack is how an attacker acts in one mode.
type attack struct {
	name    string
	secure  bool
	object  func(round int, client keyfile.Fingerprint) string              // what the aggregator trusts a client with
	context func(s *settings, round int, client keyfile.Fingerprint) string // what that is signed for
	refused string                                                          // how the aggregator begins to refuse it, in round 5
	after   string                                                          // where the victim holds meanwhile
	counts  bool                                                            // whether the update of the victim counts after that
}

var attacks = []attack{
	{
		name:   "plain",
		object: updateName,
		context: func(s *settings, round int, client keyfile.Fingerprint) string {
			return s.updateContext(round, client)
		},
		refused: "update of client-2 refused",
		after:   "trained",
		counts:  true,
	},
	{
		name:   "secure",
		secure: true,
		object: func(round int, client keyfile.Fingerprint) string {
			return fmt.Sprintf("%s/from/masked/%s.pqe", secureRound(round), hex.EncodeToString(client[:]))
		},
		context: func(_ *settings, round int, client keyfile.Fingerprint) string {
			return fmt.Sprintf("pqenc/v1/secagg/runner masked by %s in %s", client, secureRound(round))
		},
		refused: "masked of client-2 refused",
		after:   "dealt",
	},
}

// connectAs returns a client of the server with the key of that party.
func (r *rehearsal) connectAs(id *keyfile.Identity) *transfer.Client {
	c := (&party{folder: r.party(id)}).connect()
	r.t.Cleanup(func() { c.Close() })
	return c
}

// push stores a file of an attacker.
func (r *rehearsal) push(as *keyfile.Identity, name string, file []byte) error {
	return r.connectAs(as).Push(context.Background(), name, bytes.NewReader(file), transfer.PushOptions{Overwrite: true})
}

// stored waits for an object on the server, and returns the file.
func (r *rehearsal) stored(name string) []byte {
	r.t.Helper()
	for {
		file, err := os.ReadFile(filepath.Join(r.dir, serverRole, "store", filepath.FromSlash(name)))
		if err == nil {
			return file
		}
		if len(r.done) > 0 {
			r.t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// wantRefused lets the victim, client-2, continue after the aggregator has refused in round 5
// what was stored in its name, and checks who counts.
func (r *rehearsal) wantRefused(a attack, why error) {
	r.t.Helper()
	r.expect(aggregatorRole, "round 5: "+a.refused+": "+why.Error())
	r.release("client-2")
	without := map[int]string{5: "client-2"}
	if a.counts {
		without = nil
	}
	wantCounted(r.t, r.finish(), without)
}

// TestReplay stores a client's file of round 3 again in round 5, as the update of that round.
func TestReplay(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			holds := map[string]string{"client-2": "5 " + a.after}
			if !a.secure { // the aggregator deletes what it has read
				holds[aggregatorRole] = "3 published"
			}
			r := rehearse(t, small(a.secure), holds)
			victim := r.clients[1]
			file := r.stored(a.object(3, victim.Fingerprint()))
			if !a.secure {
				r.release(aggregatorRole)
			}
			r.expect("client-2", "round 5: held")
			if err := r.push(victim, a.object(5, victim.Fingerprint()), file); err != nil {
				t.Fatal(err)
			}
			r.wantRefused(a, pqenc.ErrContext)
		})
	}
}

// TestForgedSender has a client store a file in the name of another one. The server denies it
// that. If the server is on its side, the aggregator refuses the file.
func TestForgedSender(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			r := rehearse(t, small(a.secure), map[string]string{"client-2": "5 " + a.after})
			victim, forger := r.clients[1], r.clients[2]
			r.expect("client-2", "round 5: held")
			var file bytes.Buffer
			w, err := pqenc.EncryptSigned(&file, forger, a.context(&r.settings, 5, victim.Fingerprint()), r.manager.Public())
			if err == nil {
				err = errors.Join(writeFloats(w, make([]float32, 10)), w.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
			name := a.object(5, victim.Fingerprint())
			if err := r.push(forger, name, file.Bytes()); !errors.Is(err, transfer.ErrDenied) {
				t.Errorf("the server lets a client write in the name of another one: %v", err)
			}
			if err := r.push(victim, name, file.Bytes()); err != nil {
				t.Fatal(err)
			}
			r.wantRefused(a, pqenc.ErrWrongSigner)
		})
	}
}
