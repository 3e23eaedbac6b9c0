// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// BenchmarkRound runs whole rounds in memory, with all clients in this process, and reports for
// each client its time, what it sends and receives beside its vector, and the time in which the
// server takes the masks out of the sum. A tenth of the clients collude, and a tenth drop out
// before they have sent their vectors.
//
//	go test -run XXX -bench Round/100 -benchtime 1x ./secagg
func BenchmarkRound(b *testing.B) {
	for _, size := range []struct {
		clients int
		bytes   int64
	}{{10, 20 << 20}, {100, 20 << 20}, {1000, 1 << 20}} {
		b.Run(fmt.Sprintf("%dx%dMiB", size.clients, size.bytes>>20), func(b *testing.B) {
			for b.Loop() {
				tenth := size.clients / 10
				w := newWorld(b, size.clients, tenth, tenth, vector.Encoding{Length: size.bytes/4 - 1, Width: 32, Clip: 1, FractionBits: 12, MaxWeight: 100})
				benchRound(b, w)
			}
		})
	}
}

// world is a round in memory: the real server and the real clients, who work side by side.
type world struct {
	server  *Server
	clients map[signature.Fingerprint]*Client
	masked  map[signature.Fingerprint][]byte
	gone    map[signature.Fingerprint]bool // those who drop out before they have sent their vectors
	mu      sync.Mutex                     // guards the server and masked
}

func newWorld(b testing.TB, n, corrupt, dropped int, e vector.Encoding) *world {
	b.Helper()
	ids := identities(b, n)
	w := &world{
		server:  must(NewServer(ServerConfig{Members: publics(ids), Encoding: e, Corrupt: corrupt, Dropped: dropped})),
		clients: make(map[signature.Fingerprint]*Client),
		masked:  make(map[signature.Fingerprint][]byte),
		gone:    make(map[signature.Fingerprint]bool),
	}
	for i, id := range ids {
		w.clients[id.Fingerprint()] = must(NewClient(ClientConfig{Identity: id, Members: publics(ids), Floors: Floors{Corrupt: corrupt}}))
		w.gone[id.Fingerprint()] = i < dropped
	}
	return w
}

// deliver gives a message of the server to a client, and the answer to the server, unless the
// client has dropped out.
func (w *world) deliver(f signature.Fingerprint, message []byte) error {
	if must(StepOf(message)) == StepDealt && w.gone[f] {
		return nil
	}
	c := w.clients[f]
	reply, err := c.Handle(message)
	var masked bytes.Buffer
	if err == nil && reply == nil {
		reply, err = c.Mask(context.Background(), &masked, w.update())
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if masked.Len() > 0 {
		w.masked[f] = masked.Bytes()
	}
	_, err = receive(w.server, reply, masked.Bytes())
	return err
}

// update returns an update of random values.
func (w *world) update() *vector.Update {
	values := make([]float32, w.server.Terms().Encoding.Length)
	for i := range values {
		values[i] = 2*rand.Float32() - 1
	}
	return vector.NewUpdate(vector.Floats(values), 1)
}

func benchRound(b *testing.B, w *world) {
	var sent, received, messages int
	var clients time.Duration
	next := make(map[signature.Fingerprint]Message)
	for f := range w.clients {
		next[f] = w.server.Invitation()
	}
	for next != nil {
		start := time.Now()
		var busy sync.WaitGroup
		slots := make(chan struct{}, runtime.NumCPU())
		for f, message := range next {
			received += message.Len()
			messages++
			slots <- struct{}{}
			busy.Go(func() {
				defer func() { <-slots }()
				if err := w.deliver(f, message.Bytes()); err != nil {
					b.Error(err)
				}
			})
		}
		busy.Wait()
		clients += time.Since(start)
		start = time.Now()
		step := w.server.Step()
		var err error
		if next, err = w.server.Advance(); err != nil {
			b.Fatal(err)
		}
		b.Logf("%v: %.2f s", step, time.Since(start).Seconds())
	}
	for _, p := range w.server.clients {
		for _, message := range p.said {
			sent += len(message)
		}
		sent += len(p.items) * itemSize
	}
	start := time.Now()
	result, err := w.server.Sum(b.Context(), io.Discard, func(f signature.Fingerprint) (io.ReaderAt, error) {
		return bytes.NewReader(w.masked[f]), nil
	})
	if err != nil {
		b.Fatal(err)
	}
	n := float64(len(w.clients))
	b.Logf("%v, %d count", w.server.Graph(), len(result.Counted))
	b.ReportMetric(time.Since(start).Seconds(), "s-unmask")
	b.ReportMetric(clients.Seconds()*float64(runtime.NumCPU())/n, "core-s/client")
	b.ReportMetric(float64(sent)/n, "B-sent/client")
	b.ReportMetric(float64(received)/n, "B-received/client")
	b.ReportMetric(float64(messages)/n, "messages/client")
}
