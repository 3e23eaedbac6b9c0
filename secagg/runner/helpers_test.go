// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// house is a server on the loopback with an aggregator and clients.
type house struct {
	t       *testing.T
	url     string
	log     testkit.Log
	server  *server.Server
	wake    chan struct{}
	members []*keyfile.Identity
	mu      sync.Mutex
	events  []runner.Event
	gone    map[signature.Fingerprint]bool // who has left
}

// encoding is that of most tests.
var encoding = vector.Encoding{Length: 1000, Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 100}

func newHouse(t *testing.T, clients int) *house { return newLimitedHouse(t, clients, server.Limits{}) }

// newLimitedHouse is newHouse with limits of the server.
func newLimitedHouse(t *testing.T, clients int, limits server.Limits) *house {
	h := &house{t: t, wake: make(chan struct{}, 1), gone: make(map[signature.Fingerprint]bool)}
	for i := range clients {
		h.members = append(h.members, testkit.Identity(fmt.Sprint("client ", i)))
	}
	rules, err := runner.Rules("fl", testkit.Identity("aggregator").Fingerprint(), h.fingerprints())
	if err != nil {
		t.Fatal(err)
	}
	allow, err := server.ParseAllow(strings.NewReader(rules), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.server, err = server.New(server.Config{
		Dir: t.TempDir(), Identity: testkit.Identity("server"), Authorizer: allow, Limits: limits, Logger: slog.New(slog.NewTextHandler(&h.log, nil)),
		OnCommit: func(context.Context, server.Commit) {
			select {
			case h.wake <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(h.server)
	web.Config.ConnState = h.server.ConnState
	web.Start()
	h.url = "ws" + strings.TrimPrefix(web.URL, "http") + "/pqenc"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		h.server.Shutdown(ctx)
		web.CloseClientConnections()
		web.Close()
		if t.Failed() {
			t.Logf("the log of the server:\n%s", h.log.String())
		}
	})
	return h
}

func (h *house) fingerprints() (all []signature.Fingerprint) {
	for _, id := range h.members {
		all = append(all, id.Fingerprint())
	}
	return all
}

// connect returns a connection to the server.
func (h *house) connect(id *keyfile.Identity) *transfer.Client {
	c := &transfer.Client{URL: h.url, Identity: id, Connections: 4, CheckServer: func(got signature.Fingerprint) error {
		if got != testkit.Identity("server").Fingerprint() {
			return transfer.ErrUnknownServer
		}
		return nil
	}}
	h.t.Cleanup(func() { c.Close() })
	return c
}

func (h *house) aggregator(round string) *runner.Aggregator {
	id := testkit.Identity("aggregator")
	a := &runner.Aggregator{Transfer: h.connect(id), Identity: id, Round: round, Encoding: encoding, Corrupt: -1, Dropped: 1,
		Wait: time.Hour, Work: h.t.TempDir(), Wake: h.wake, Enough: h.onlyGone}
	for _, m := range h.members {
		a.Members = append(a.Members, m.Public())
	}
	a.OnEvent = func(e runner.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, e)
	}
	return a
}

func (h *house) client(i int, round string) *runner.Client {
	id := h.members[i]
	c := &runner.Client{Transfer: h.connect(id), Identity: id, Aggregator: testkit.Identity("aggregator").Public(), Round: round,
		Floors: secagg.Floors{Clients: 3, Corrupt: -1}}
	for _, m := range h.members {
		c.Members = append(c.Members, m.Public())
	}
	return c
}

// onlyGone reports whether all of these clients have left. With it no test depends on
// how fast the machine is.
func (h *house) onlyGone(_ secagg.Step, waiting []signature.Fingerprint) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !slices.ContainsFunc(waiting, func(f signature.Fingerprint) bool { return !h.gone[f] })
}

func (h *house) leave(i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone[h.members[i].Fingerprint()] = true
}

// happened returns the events of that kind, of one client if it is given.
func (h *house) happened(kind runner.Kind, clients ...signature.Fingerprint) (all []runner.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Kind == kind && (len(clients) == 0 || slices.Contains(clients, e.Client)) {
			all = append(all, e)
		}
	}
	return all
}

// update returns the update of a client: values that the encoding holds exactly, with weight 1.
func update(i int) *vector.Update { return updateOf(encoding.Length, i) }

func updateOf(length int64, i int) *vector.Update {
	values := make([]float32, length)
	for j := range values {
		values[j] = value(i, int64(j))
	}
	return vector.NewUpdate(vector.Floats(values), 1)
}

func value(i int, j int64) float32 { return float32((int64(i+1)*(j+7))%1001-500) / 256 }

// checkMean requires that a sum is that of these clients, each with weight 1.
func checkMean(t *testing.T, e vector.Encoding, sum []byte, clients ...int) {
	t.Helper()
	var mean bytes.Buffer
	weight, err := e.Mean(&mean, bytes.NewReader(sum))
	if err != nil || weight != uint64(len(clients)) {
		t.Fatalf("the weight is %d, want %d: %v", weight, len(clients), err)
	}
	var want []float32
	for j := range e.Length {
		all := float32(0)
		for _, i := range clients {
			all += value(i, j)
		}
		want = append(want, all/float32(len(clients)))
	}
	raw, err := io.ReadAll(vector.Floats(want))
	if err != nil || !bytes.Equal(raw, mean.Bytes()) {
		t.Errorf("not the mean of the clients %v: %v", clients, err)
	}
}

// checkSum requires that a sum is that of these clients, each with weight 1, bit for bit.
func checkSum(t *testing.T, sum []byte, clients []int) {
	t.Helper()
	for j := range encoding.Length {
		want := int64(0)
		for _, i := range clients {
			want += int64(value(i, j) * float32(int32(1)<<encoding.FractionBits))
		}
		if got := int32(binary.LittleEndian.Uint32(sum[4*j:])); int64(got) != want {
			t.Fatalf("value %d: %d, want %d", j, got, want)
		}
	}
	if got := binary.LittleEndian.Uint32(sum[4*encoding.Length:]); int(got) != len(clients) {
		t.Errorf("the weight is %d, want %d", got, len(clients))
	}
}

// outcome is how a round has ended.
type outcome struct {
	result  secagg.Result
	sum     bytes.Buffer
	err     error   // of the aggregator
	clients []error // of each client
}

// run runs a round of all clients but those that have no function. Nobody is left when it returns.
func (h *house) run(a *runner.Aggregator, clients map[int]func(context.Context) error) *outcome {
	var sum bytes.Buffer
	o := h.runTo(&sum, a, clients)
	o.sum = sum
	return o
}

// runTo is run with another writer of the sum.
func (h *house) runTo(sum io.Writer, a *runner.Aggregator, clients map[int]func(context.Context) error) *outcome {
	o := &outcome{clients: make([]error, len(h.members))}
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	var all sync.WaitGroup
	for i, run := range clients {
		all.Go(func() {
			if o.clients[i] = run(ctx); o.clients[i] != nil {
				h.leave(i)
			}
		})
	}
	o.result, o.err = a.Run(ctx, sum)
	all.Wait()
	return o
}

// honest returns a function for each client that takes part until the end.
func (h *house) honest(round string) map[int]func(context.Context) error {
	all := make(map[int]func(context.Context) error)
	for i := range h.members {
		all[i] = func(ctx context.Context) error { return h.client(i, round).Run(ctx, update(i)) }
	}
	return all
}

// errLeft is the error of a client that was stopped on purpose.
var errLeft = errors.New("stopped on purpose")

// leaves returns a function for a client that is gone when it has to send the message of a step.
func (h *house) leaves(i int, round string, step secagg.Step) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		c := h.client(i, round)
		c.OnEvent = func(e runner.Event) {
			if e.Kind == runner.Received && e.Step == step-1 {
				stop(errLeft)
			}
		}
		return c.Run(ctx, update(i))
	}
}

// hexOf returns the name of a client in the names of objects.
func hexOf(id *keyfile.Identity) string {
	fingerprint := id.Fingerprint()
	return hex.EncodeToString(fingerprint[:])
}

// left returns the names of the files in a folder.
func left(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
