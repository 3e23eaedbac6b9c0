// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

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
		{100, 10, 0, Graph{100, 11, 12}}, // small sets decide, not halves
		{100, 76, 2, Graph{100, 76, 75}}, // by a hair: 75 / 74 has 2^-39.99
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

// TestPlanIsSmallest tries all smaller graphs, exactly.
func TestPlanIsSmallest(t *testing.T) {
	type test struct{ clients, corrupt, dropped int }
	tests := []test{{100, 5, 5}, {100, 10, 0}, {100, 10, 10}, {130, 0, 26}}
	if !testing.Short() {
		tests = append(tests, test{100, 5, 20}, test{150, 30, 15}, test{200, 10, 10})
	}
	for _, test := range tests {
		g, err := Plan(test.clients, test.corrupt, test.dropped)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		for smaller := (Graph{test.clients, 1, 1}); smaller.Neighbours <= g.Neighbours; smaller.Neighbours++ {
			for smaller.Threshold = 1; smaller.Threshold <= smaller.Neighbours+1; smaller.Threshold++ {
				if smaller.Neighbours == g.Neighbours && smaller.Threshold == g.Threshold {
					break
				}
				if smaller.Completion(test.dropped) <= -CompletionBits && smaller.Check(test.corrupt) == nil {
					t.Errorf("%+v: %v, but %v will do", test, g, smaller)
				}
			}
		}
	}
}

// TestPlanComplete compares the complete graph, all of whose sets are the same,
// with the three conditions by themselves.
func TestPlanComplete(t *testing.T) {
	for clients := MinHonest; clients < Sparse; clients++ {
		for corrupt := 0; corrupt <= clients-MinHonest; corrupt++ {
			threshold := 1
			for 3*threshold <= 2*clients || 2*threshold <= clients+corrupt || threshold-corrupt < MinHonest {
				threshold++
			}
			g := Graph{clients, clients - 1, threshold}
			for dropped := 0; dropped < clients; dropped++ {
				got, err := Plan(clients, corrupt, dropped)
				if clients-dropped < threshold {
					if !errors.Is(err, ErrTooMany) {
						t.Errorf("%d clients, %d corrupt, %d dropped: %v, %v", clients, corrupt, dropped, got, err)
					}
				} else if err != nil || got != g {
					t.Errorf("%d clients, %d corrupt, %d dropped: %v, %v, want %v", clients, corrupt, dropped, got, err, g)
				}
			}
			if err := g.Check(corrupt); err != nil || !math.IsInf(g.Privacy(corrupt), -1) {
				t.Errorf("%v: %d corrupt: %v, 2^%v", g, corrupt, err, g.Privacy(corrupt))
			}
			g.Threshold--
			if err := g.Check(corrupt); !errors.Is(err, ErrNotPrivate) {
				t.Errorf("%v: %d corrupt: %v", g, corrupt, err)
			}
		}
	}
}

// TestPlanFewerColluders checks planned graphs as clients do that reckon with
// fewer colluders than the server.
func TestPlanFewerColluders(t *testing.T) {
	for _, test := range []struct{ clients, corrupt, dropped int }{{60, 20, 0}, {100, 33, 30}, {200, 40, 10}, {500, 25, 100}, {1000, 200, 50}} {
		g, err := Plan(test.clients, test.corrupt, test.dropped)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		for corrupt := 0; corrupt < test.corrupt; corrupt += 1 + test.clients/100 {
			if err := g.Check(corrupt); err != nil {
				t.Errorf("%+v: %v", test, err)
			}
		}
	}
}

// TestPlanLarge plans and checks the largest rounds.
func TestPlanLarge(t *testing.T) {
	testkit.Long(t)
	for _, test := range []struct{ corrupt, dropped int }{{1638, 1638}, {0, 3276}, {5406, 4900}} {
		g, err := Plan(MaxClients, test.corrupt, test.dropped)
		if err == nil {
			err = g.Check(test.corrupt)
		}
		if err != nil || g.Completion(test.dropped) > -CompletionBits {
			t.Errorf("%+v: %v, %v", test, g, err)
		}
	}
}

// TestRefused looks at what Check and Plan say of bad numbers.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		graph   Graph
		corrupt int
		is      error
		says    string
	}{
		{Graph{}, 0, ErrInvalid, "0 clients: a round has 3 to 16384"},
		{Graph{2, 1, 2}, 0, ErrInvalid, "2 clients: a round has 3 to 16384"},
		{Graph{MaxClients + 1, 200, 150}, 0, ErrInvalid, "16385 clients: a round has 3 to 16384"},
		{Graph{100, 30, 21}, -1, ErrInvalid, "of 100 clients -1 collude, and at least 3 must be honest"},
		{Graph{100, 30, 21}, 98, ErrInvalid, "of 100 clients 98 collude, and at least 3 must be honest"},
		{Graph{100, 0, 1}, 0, ErrInvalid, "0 neighbours of 100 clients"},
		{Graph{100, 100, 70}, 0, ErrInvalid, "100 neighbours of 100 clients"},
		{Graph{99, 97, 70}, 0, ErrInvalid, "97 neighbours of 99 clients: fewer than 100 clients have the complete graph"},
		{Graph{100, 30, 0}, 0, ErrInvalid, "threshold 0 with 30 neighbours"},
		{Graph{100, 30, 32}, 0, ErrInvalid, "threshold 32 with 30 neighbours"},
		{Graph{100, 65535, 65535}, 0, ErrInvalid, "65535 neighbours of 100 clients"},
		{Graph{99, 98, 66}, 0, ErrNotPrivate, "99 clients, 98 neighbours, threshold 66: the complete graph needs a threshold of at least 67"},
		{Graph{100, 99, 66}, 0, ErrNotPrivate, "the complete graph needs a threshold of at least 67"},
		{Graph{100, 30, 20}, 10, ErrNotPrivate, "100 clients, 30 neighbours, threshold 20: 10 colluders succeed with a probability of more than 2^-40"},
		{Graph{100, 30, 21}, 11, ErrNotPrivate, "11 colluders succeed"},
		{Graph{1000, 126, 84}, 100, ErrNotPrivate, "100 colluders succeed"},
		{Graph{1000, 2, 3}, 0, ErrNotPrivate, "0 colluders succeed"},
	} {
		err := test.graph.Check(test.corrupt)
		if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v, %d corrupt: %v", test.graph, test.corrupt, err)
		}
		if bad := math.IsInf(test.graph.Privacy(test.corrupt), 1); bad != (test.is == ErrInvalid) {
			t.Errorf("%v, %d corrupt: 2^%v", test.graph, test.corrupt, test.graph.Privacy(test.corrupt))
		}
	}
	for _, test := range []struct {
		clients, corrupt, dropped int
		is                        error
		says                      string
	}{
		{2, 0, 0, ErrInvalid, "2 clients: a round has 3 to 16384"},
		{10, 8, 0, ErrInvalid, "of 10 clients 8 collude, and at least 3 must be honest"},
		{10, 2, -1, ErrInvalid, "-1 drop-outs of 10 clients"},
		{10, 2, 11, ErrInvalid, "11 drop-outs of 10 clients"},
		{10, 2, 4, ErrTooMany, "against 2 colluders 10 clients need a threshold of 7, and 4 drop-outs leave 6"},
		{1000, 400, 400, ErrTooMany, "against 400 colluders 1000 clients need a threshold of 701, and 400 drop-outs leave 600"},
	} {
		g, err := Plan(test.clients, test.corrupt, test.dropped)
		if g != (Graph{}) || !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%d clients, %d corrupt, %d dropped: %v, %v", test.clients, test.corrupt, test.dropped, g, err)
		}
	}
	if p := (Graph{100, 30, 21}).Completion(101); !math.IsInf(p, 1) {
		t.Errorf("101 of 100 clients drop out: 2^%v", p)
	}
}

func BenchmarkPlan(b *testing.B) {
	for b.Loop() {
		if _, err := Plan(1000, 100, 200); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, test := range []struct {
		name    string
		graph   Graph
		corrupt int
	}{
		{"1000", Graph{1000, 252, 157}, 100},
		{"16384", Graph{MaxClients, 393, 245}, 1638},
		{"16384-slow", Graph{MaxClients, 8191, 6000}, 5406},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if err := test.graph.Check(test.corrupt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
