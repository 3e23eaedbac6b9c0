// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/secagg"
)

// crowd is for measurements: go test -run TestCrowd -crowd 300 -v
var crowd = flag.Int("crowd", 40, "the number of clients of TestCrowd")

// TestCrowd runs a round of many clients, each with a connection of its own. Some leave at each
// step, and those before the masked vectors are not in the sum.
func TestCrowd(t *testing.T) {
	testkit.Long(t)
	h := newHouse(t, *crowd)
	a := h.aggregator("fl/1")
	a.Encoding.MaxWeight = 1
	a.Corrupt, a.Dropped = *crowd/20, *crowd/10
	all, left := h.honest("fl/1"), make(map[int]bool)
	var want []int
	for i := range h.members {
		if step := secagg.Step(2 + 2*(i%100)); step <= secagg.StepReveal {
			all[i], left[i] = h.leaves(i, "fl/1", step), true
		}
		if !left[i] || i%100 > 3 {
			want = append(want, i)
		}
	}
	began := time.Now()
	o := h.run(a, all)
	t.Logf("%d clients: %v", *crowd, time.Since(began).Round(time.Millisecond))
	for i, err := range o.clients {
		if left[i] && errors.Is(err, errLeft) {
			o.clients[i] = nil
		}
	}
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	if len(o.result.Counted) != len(want) {
		t.Errorf("%d counted, want %d", len(o.result.Counted), len(want))
	}
	checkSum(t, o.sum.Bytes(), want)
}
