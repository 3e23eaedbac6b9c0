// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/transfer"
)

// repeated is an endless sequence of the values of a client, period after period.
type repeated struct {
	period []byte
	at     int
}

const period = 1 << 16 // values

func valuesOf(t *testing.T, i int) *repeated {
	one := make([]float32, period)
	for j := range one {
		one[j] = value(i, int64(j))
	}
	b, err := io.ReadAll(vector.Floats(one))
	if err != nil {
		t.Fatal(err)
	}
	return &repeated{period: b}
}

func (r *repeated) Read(b []byte) (int, error) {
	n := copy(b, r.period[r.at:])
	r.at = (r.at + n) % len(r.period)
	return n, nil
}

// large is for measurements: go test -run TestLarge -large 2048 -v -timeout 2h
var large = flag.Int64("large", 64, "the length of each update of TestLarge in `MiB`")

// mostHeap is how much memory may be in use by the server, the aggregator and four clients, all in
// this process, which hold 16 MiB and more of what they send: independent of the length.
const mostHeap = 500 << 20

// TestLarge runs a round with long vectors, which must not be in memory.
func TestLarge(t *testing.T) {
	testkit.Long(t)
	length := *large << 18 // values
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	a.Encoding.Length = length
	all := make(map[int]func(context.Context) error)
	for i := range h.members {
		values := valuesOf(t, i)
		all[i] = func(ctx context.Context) error {
			return h.client(i, "fl/1").Run(ctx, vector.NewUpdate(io.LimitReader(values, 4*length), 1))
		}
	}
	sum, err := os.Create(t.TempDir() + "/sum")
	if err != nil {
		t.Fatal(err)
	}
	defer sum.Close()
	most := mostMemory(t)
	began := time.Now()
	o := h.runTo(sum, a, all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	t.Logf("4 clients of %d MiB: %v, at most %d MiB of heap", *large, time.Since(began).Round(time.Millisecond), most()>>20)
	if most() > mostHeap {
		t.Errorf("%d MiB of heap", most()>>20)
	}
	want := make([]float32, period)
	for j := range want {
		for i := range h.members {
			want[j] += value(i, int64(j))
		}
		want[j] /= 4
	}
	raw, err := io.ReadAll(vector.Floats(want))
	if err != nil {
		t.Fatal(err)
	}
	c := &comparing{want: repeated{period: raw}}
	if weight, err := a.Encoding.Mean(c, sum); err != nil || weight != 4 || c.n != 4*length {
		t.Errorf("weight %d, %d bytes: %v", weight, c.n, err)
	}
}

// comparing compares what is written with a repeated sequence.
type comparing struct {
	want repeated
	n    int64
}

var errDiffers = errors.New("the mean is wrong")

func (c *comparing) Write(b []byte) (int, error) {
	want := make([]byte, len(b))
	if _, err := io.ReadFull(&c.want, want); err != nil {
		return 0, err
	}
	if string(want) != string(b) {
		return 0, errDiffers
	}
	c.n += int64(len(b))
	return len(b), nil
}

// mostMemory starts to watch the heap, and returns a function for the most of it that was in use.
func mostMemory(t *testing.T) func() uint64 {
	var most atomic.Uint64
	stop := make(chan struct{})
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapInuse > most.Load() {
			most.Store(m.HeapInuse)
		}
	}
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				look()
			}
		}
	}()
	t.Cleanup(func() { close(stop) })
	return most.Load
}

// TestQuotaGrows requires that the aggregator sees bytes of an object that is still being pushed:
// they are progress.
func TestQuotaGrows(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	a := h.aggregator("fl/1")
	stored := func() (sum int64) {
		quotas, err := a.Transfer.Quota(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range quotas {
			sum += q.Bytes
		}
		return sum
	}
	before := stored()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	c := h.connect(h.members[0])
	go func() {
		ended <- c.Push(t.Context(), "fl/1/from/vector/"+hexOf(h.members[0])+".pqe", r, transfer.PushOptions{})
	}()
	file := testkit.Sealed(20 << 20)
	if _, err := w.Write(file[:len(file)-1]); err != nil {
		t.Fatal(err)
	}
	for stored() == before {
		time.Sleep(10 * time.Millisecond)
	}
	w.CloseWithError(errLeft)
	if err := <-ended; !errors.Is(err, errLeft) {
		t.Error(err)
	}
}

// TestNobody has an aggregator wait for clients that do not come.
func TestNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	for _, limits := range []runner.Aggregator{{Wait: 50 * time.Millisecond}, {Join: 50 * time.Millisecond}, {Wait: time.Hour, Limit: 50 * time.Millisecond}} {
		a := h.aggregator("fl/" + limits.Wait.String() + limits.Join.String())
		a.Join, a.Wait, a.Limit, a.Enough, a.Wake = limits.Join, limits.Wait, limits.Limit, nil, nil
		began := time.Now()
		if _, err := a.Run(t.Context(), io.Discard); !errors.Is(err, secagg.ErrThreshold) || time.Since(began) < 50*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	}
}
