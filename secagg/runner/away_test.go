// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
)

// wire is a line that can be away.
type wire struct {
	away  sync.RWMutex // held for writing while it is
	mu    sync.Mutex
	conns []net.Conn
	ended bool // it never comes back
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.away.RLock()
	defer w.away.RUnlock()
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		conn.Close()
		return nil, errors.New("the line has ended")
	}
	w.conns = append(w.conns, conn)
	return conn, nil
}

// cut closes all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		conn.Close()
	}
}

// end cuts the line for good.
func (w *wire) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.cut()
}

// leave cuts the line for a time.
func (w *wire) leave(d time.Duration) {
	w.away.Lock()
	defer w.away.Unlock()
	w.cut()
	time.Sleep(d)
}

// TestNoServerInTheEnd has a server that cannot be reached any more when all clients have revealed
// their shares. The aggregator has the sum all the same, and does not try to announce it without end.
func TestNoServerInTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	line := new(wire)
	a.Transfer.Dial = line.dial
	a.Transfer.GiveUpAfter = 24 * time.Hour
	a.OnEvent = func(e runner.Event) {
		if e.Kind == runner.Ended && e.Step == secagg.StepReveal {
			a.Wait = 100 * time.Millisecond
			line.end()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for _, run := range h.honest("fl/1") {
		clients.Go(func() { run(ctx) })
	}
	var sum bytes.Buffer
	_, err := a.Run(t.Context(), &sum)
	cancel()
	clients.Wait()
	if err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, sum.Bytes(), 0, 1, 2, 3)
}

// TestServerAway has a server that cannot be reached for longer than Wait while the aggregator
// waits for the vectors. Clients that come back a little later have not dropped out.
func TestServerAway(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	const wait = 4 * time.Second
	line := new(wire)
	a.Transfer.Dial = line.dial
	a.OnEvent = func(e runner.Event) {
		switch {
		case e.Kind == runner.Ended && e.Step == secagg.StepDeal:
			a.Wait = wait
		case e.Kind == runner.Ended:
			a.Wait = time.Hour
		}
	}
	all := h.honest("fl/1")
	var dealt sync.WaitGroup
	dealt.Add(len(all))
	back := make(chan struct{})
	for i := range h.members {
		c := h.client(i, "fl/1")
		c.Claim = func() error {
			dealt.Done()
			<-back
			return nil
		}
		all[i] = func(ctx context.Context) error { return c.Run(ctx, update(i)) }
	}
	go func() {
		dealt.Wait()
		line.leave(wait + 500*time.Millisecond)
		time.Sleep(time.Second)
		close(back)
	}()
	o := h.run(a, all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
}
