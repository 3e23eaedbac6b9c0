// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import "testing"

// TestPlan pins graphs, which are checked when they are planned.
func TestPlan(t *testing.T) {
	for _, test := range []struct {
		clients, corrupt, dropped int
		want                      Graph
	}{
		{3, 0, 0, Graph{3, 2, 3}},
		{4, 1, 0, Graph{4, 3, 4}},
		{10, 3, 3, Graph{10, 9, 7}},
		{50, 5, 5, Graph{50, 49, 34}},
		{100, 10, 10, Graph{100, 30, 21}},
		{1000, 0, 0, Graph{1000, 3, 4}},
		{1000, 100, 100, Graph{1000, 126, 85}},
		{1000, 100, 200, Graph{1000, 252, 157}},
	} {
		g, err := Plan(test.clients, test.corrupt, test.dropped)
		if err != nil || g != test.want {
			t.Errorf("%d clients, %d corrupt, %d dropped: %v, %v, want %v", test.clients, test.corrupt, test.dropped, g, err, test.want)
			continue
		}
		if err := g.Check(test.corrupt); err != nil {
			t.Errorf("%v: %v", g, err)
		}
		if p := g.Completion(test.dropped); p > -CompletionBits {
			t.Errorf("%v: %d drop-outs end it with 2^%v", g, test.dropped, p)
		}
	}
}
