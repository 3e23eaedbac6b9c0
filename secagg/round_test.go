// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

// identities returns n identities, which are made once for all tests.
func identities(t testing.TB, n int) []*keyfile.Identity {
	t.Helper()
	people.Lock()
	defer people.Unlock()
	for len(people.all) < n {
		id, err := keyfile.Generate()
		if err != nil {
			t.Fatal(err)
		}
		people.all = append(people.all, id)
	}
	return people.all[:n:n]
}

var people struct {
	sync.Mutex
	all []*keyfile.Identity
}

func publics(ids []*keyfile.Identity) (list []Member) {
	for _, id := range ids {
		list = append(list, id.Public())
	}
	return list
}

// TestRound requires the sum over all clients of rounds of several sizes, in which nobody drops
// out. simulate compares it.
func TestRound(t *testing.T) {
	for _, n := range []int{3, 4, 5, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			d := simulate(t, scenario{last: slices.Repeat([]Step{StepReveal}, n), encoding: tiny})
			if d.sum == nil || d.counted != first(n) {
				t.Errorf("%v count: %v", d.counted, d.err)
			}
		})
	}
}
