// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/mnist"
	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

// demonstrateVariable is the environment variable with which a test starts the whole program.
const demonstrateVariable = "FEDERATED_DEMONSTRATE"

// TestMain runs the program, or a party, if the test has started this process as one.
func TestMain(m *testing.M) {
	if os.Getenv(demonstrateVariable) != "" {
		os.Unsetenv(demonstrateVariable)
		main()
		os.Exit(0)
	}
	if err := runRole(os.Args[1:]); err != errNoRole {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// small are settings with a small network. The deadlines are for machines that have much else to
// do: only tests in which somebody is late wait for them.
func small(secure bool) settings {
	s := defaults
	s.Secure, s.Rounds, s.Hidden, s.Rate, s.Parts = secure, 6, 32, 0.2, 1
	s.Deadline, s.Wait = 15*time.Second, 5*time.Second
	return s
}

// digits are some of the digits to train and to test with.
var digits = sync.OnceValues(func() (parts [][]network.Sample, test []network.Sample) {
	train, test, err := mnist.Load()
	if err != nil {
		panic(err)
	}
	return mnist.Divide(train[:16000], clients, alpha, 1), test[:2000]
})

// rehearsal is a federation under test.
type rehearsal struct {
	*federation
	t     *testing.T
	done  chan error
	mu    sync.Mutex
	lines []string // who printed what
	more  *sync.Cond
	over  bool
}

// rehearse starts a federation. holds are points at which parties hold.
func rehearse(t *testing.T, s settings, holds map[string]string) *rehearsal {
	t.Helper()
	f, err := newFederation(t.TempDir(), s, clients)
	if err != nil {
		t.Fatal(err)
	}
	f.Run, f.holds = rand.Text(), holds
	r := &rehearsal{federation: f, t: t, done: make(chan error, 1)}
	r.more = sync.NewCond(&r.mu)
	f.onLine = func(who, line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, who+": "+line)
		r.more.Broadcast()
	}
	parts, test := digits()
	ctx, cancel := untilLate(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := f.run(ctx, parts, test)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.over = true
		r.more.Broadcast()
		r.done <- err
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("%s", strings.Join(r.lines, "\n"))
		}
	})
	return r
}

// untilLate returns a context that ends before go test would stop the process because of its
// -timeout: so a federation that hangs ends, and the test shows what it has printed.
func untilLate(t *testing.T) (context.Context, context.CancelFunc) {
	end, limited := t.Deadline()
	if !limited {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeoutCause(context.Background(), time.Until(end)*9/10, errors.New("the federation hangs"))
}

// expect waits until a party prints a line that contains text, or has printed it.
func (r *rehearsal) expect(who, text string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for !slices.ContainsFunc(r.lines, func(line string) bool {
		return strings.HasPrefix(line, who+": ") && strings.Contains(line, text)
	}) {
		if r.over {
			r.t.Fatalf("%s has never printed %q", who, text)
		}
		r.more.Wait()
	}
}

// release lets a party continue that holds.
func (r *rehearsal) release(who string) {
	r.t.Helper()
	if _, err := r.child(who).stdin.Write([]byte("\n")); err != nil {
		r.t.Fatal(err)
	}
}

// finish waits for the end, and returns what the aggregator has written down.
func (r *rehearsal) finish() []aggregatorRecord {
	r.t.Helper()
	if err := <-r.done; err != nil {
		r.t.Fatal(err)
	}
	records, err := readRecords[aggregatorRecord](r.party(r.manager))
	if err != nil {
		r.t.Fatal(err)
	}
	if len(records) != r.Rounds {
		r.t.Fatalf("there were %d rounds, want %d", len(records), r.Rounds)
	}
	last := records[len(records)-1]
	r.t.Logf("accuracy %.2f %%", last.Accuracy)
	if last.Accuracy < 80 {
		r.t.Errorf("the training has come to %.2f %%", last.Accuracy)
	}
	return records
}

// wantCounted requires that all clients count in each round, except those that are named.
func wantCounted(t *testing.T, records []aggregatorRecord, without map[int]string) {
	t.Helper()
	for _, r := range records {
		var want []string
		for i := range clients {
			if name := fmt.Sprintf("client-%d", i+1); without[r.Round] != name {
				want = append(want, name)
			}
		}
		slices.Sort(r.Counted)
		if !slices.Equal(r.Counted, want) || r.Failed != "" {
			t.Errorf("round %d: counted %v, want %v; failed: %q", r.Round, r.Counted, want, r.Failed)
		}
	}
}

// TestSameAccuracy trains in both modes, which must lead to the same model as far as the
// resolution of secure mode allows.
func TestSameAccuracy(t *testing.T) {
	t.Parallel()
	var last []float64
	for _, m := range modes {
		s := small(m.secure)
		s.Rounds = 4
		records := rehearse(t, s, nil).finish()
		wantCounted(t, records, nil)
		last = append(last, records[3].Accuracy)
	}
	if difference := last[0] - last[1]; difference < -0.2 || difference > 0.2 {
		t.Errorf("the accuracy is %.2f %% and %.2f %%", last[0], last[1])
	}
}

// TestKilled kills a client with SIGKILL in each round, at another point each time. The others
// continue, and it is back in the round after, or in the same one if it has not sent anything.
func TestKilled(t *testing.T) {
	for _, m := range []struct {
		name   string
		secure bool
		points []string
		counts []bool // whether the client counts in that round
	}{
		{"plain", false, []string{"pulled", "trained", "pushing"}, []bool{true, true, true}},
		{"secure", true, []string{"trained", "invitation", "roster", "peers", "dealt", "counted", "confirmed"},
			[]bool{true, true, false, false, false, true, true}},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			holds, without := make(map[string]string), make(map[int]string)
			for i, point := range m.points {
				client := fmt.Sprintf("client-%d", i+1)
				holds[client] = fmt.Sprintf("%d %s", i+1, point)
				if !m.counts[i] {
					without[i+1] = client
				}
			}
			s := small(m.secure)
			s.Rounds = len(m.points) + 1
			if !m.secure { // half of an update is more than a chunk of a file, which is on its way then
				s.Hidden, s.Parts, s.Rate = 3200, 4, 0.4
			}
			r := rehearse(t, s, holds)
			for i, point := range m.points {
				client := fmt.Sprintf("client-%d", i+1)
				r.expect(client, fmt.Sprintf("round %d: held, %s", i+1, point))
				r.child(client).kill()
				r.expect(client, "was killed, and starts again")
			}
			wantCounted(t, r.finish(), without)
		})
	}
}

// TestStraggler has a client that hands in its update after the deadline.
func TestStraggler(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			const late = "client-4"
			r := rehearse(t, small(m.secure), map[string]string{late: "3 trained,5 pulled", aggregatorRole: "5 published"})
			r.expect(late, "round 3: held")
			r.expect(aggregatorRole, "round 3: the model has the updates of 7 of 8 clients")
			r.release(late)
			r.expect(aggregatorRole, "round 5: held")
			r.expect(late, "round 5: held") // it has sent the old update
			r.release(aggregatorRole)
			r.release(late)
			if m.secure {
				r.expect(late, "round 3: this update does not count: the round has continued without this client")
			} else {
				r.expect(aggregatorRole, "round 3: update of "+late+" refused: it came after the deadline")
			}
			r.expect(aggregatorRole, "round 3: update of "+late+" does not count: ")
			records := r.finish()
			wantCounted(t, slices.Concat(records[:3], records[4:]), map[int]string{3: late})
		})
	}
}

// TestTooFew has so many clients late that a round fails. The model stays as it is, and the next
// round has all of them.
func TestTooFew(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			holds := make(map[string]string)
			for i := range clients - defaults.Fewest + 1 {
				holds[fmt.Sprintf("client-%d", i+1)] = "2 trained"
			}
			s := small(m.secure)
			s.Rounds = 5
			r := rehearse(t, s, holds)
			for late := range holds {
				r.expect(late, "round 2: held")
			}
			r.expect(aggregatorRole, "round 2: failed: ")
			for late := range holds {
				r.release(late)
			}
			records := r.finish()
			if records[1].Failed == "" || records[1].Accuracy != records[0].Accuracy {
				t.Errorf("round 2: %+v, after an accuracy of %v", records[1], records[0].Accuracy)
			}
			wantCounted(t, slices.Concat(records[:1], records[2:]), nil)
		})
	}
}

// TestServerKilled kills the server with SIGKILL. The training ends with the reason.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	holds := make(map[string]string)
	for i := range clients {
		holds[fmt.Sprintf("client-%d", i+1)] = "1 pulled"
	}
	r := rehearse(t, small(true), holds)
	for client := range holds {
		r.expect(client, "round 1: held")
	}
	r.child(serverRole).kill()
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "the server has ended: server: signal: killed") {
		t.Errorf("the training has ended with %v", err)
	}
}
